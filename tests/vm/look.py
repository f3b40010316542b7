"""Looks at a camera as any program would that uses OpenCV: `look.py DEVICE PICTURE.png`."""

from __future__ import annotations

import sys
import time

import cv2

_PICTURES = 30

capture = cv2.VideoCapture(sys.argv[1], cv2.CAP_V4L2)
assert capture.isOpened(), f"{sys.argv[1]} cannot be opened"
began = time.monotonic()
for _ in range(_PICTURES):
    there, picture = capture.read()
    assert there, f"{sys.argv[1]} gives no picture"
seconds = time.monotonic() - began
cv2.imwrite(sys.argv[2], picture)
sys.stdout.write(f"{_PICTURES / seconds:.1f} pictures a second of {picture.shape}\n")
