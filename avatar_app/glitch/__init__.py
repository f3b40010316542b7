"""Faces in pictures, found with dlib: the only place that knows dlib."""
