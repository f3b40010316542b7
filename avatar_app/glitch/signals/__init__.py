"""Measures of a face in a picture, and of one picture after another: pure functions."""
