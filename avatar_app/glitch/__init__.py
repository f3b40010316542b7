"""The glitch detector: faces found with dlib, measures of them, and the verdict on a picture."""
