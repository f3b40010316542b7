#!/bin/bash
# Runs inside the virtual machine: a clip is the webcam /dev/video10, the app feeds /dev/video11, and
# three other programs look at what comes out there. What they see lies in /out afterwards.
# CHECKOUT, PYTHON and SECONDS_OF_RUN are filled in by the test; /out holds the model it made.
set -um # with jobs of their own: others could not be ended by Ctrl-C
export AVATAR_APP_HOME=/out/home PYTHONDONTWRITEBYTECODE=1
cd "$CHECKOUT"

# Of the clip two pictures a second, decoded beforehand: this machine has more important work.
ffmpeg -nostdin -v error -re -stream_loop -1 -f rawvideo -video_size 640x480 -pix_fmt yuv420p -framerate 2 \
  -i /out/driver.yuv -f v4l2 /dev/video10 &
feeder=$!
sleep 4
"$PYTHON" -m avatar_app run --headless --camera /dev/video10 --virtual-camera /dev/video11 --no-detector \
  --model /out/portrait.safetensors --avatar mei --seconds "$SECONDS_OF_RUN" --stats /out/stats.json 2>/out/app.log &
app=$!
for _ in $(seq 240); do
  grep -q 'others see: avatar' /out/app.log && break
  kill -0 $app || break
  sleep 1
done
cat /out/app.log

"$PYTHON" tests/vm/look.py /dev/video11 /out/opencv.png
echo "opencv: $?"
ffmpeg -nostdin -v error -y -f v4l2 -i /dev/video11 -frames:v 8 -update 1 /out/ffmpeg.png
echo "ffmpeg: $?"
if command -v chromium >/dev/null; then
  # Slow as a browser is here, it must not keep the app from making pictures.
  nice -n 10 "$PYTHON" tests/vm/browse.py AvatarCam /out/chromium.png
  echo "chromium: $?"
fi
kill -INT $app
wait $app
echo "app: $?"
kill $feeder
cat /out/app.log
