#!/bin/bash
# Runs inside the virtual machine: a clip is the webcam /dev/video10, the app feeds /dev/video11, and
# three other programs look at what comes out there. What they see lies in /out afterwards.
# CHECKOUT, PYTHON and CACHE are filled in by the test.
set -u
export AVATAR_APP_HOME=/tmp/home
mkdir -p $AVATAR_APP_HOME
[ -d "$CACHE" ] && ln -s "$CACHE" $AVATAR_APP_HOME/cache
cd "$CHECKOUT"

ffmpeg -nostdin -v error -re -stream_loop -1 -i assets/demo/webcam.mp4 -vf fps=2 -pix_fmt yuv420p -f v4l2 /dev/video10 &
feeder=$!
sleep 4
"$PYTHON" -m avatar_app run --headless --camera /dev/video10 --virtual-camera /dev/video11 --no-detector \
  --avatar mei --seconds "$SECONDS_OF_RUN" --stats /out/stats.json 2>/out/app.log &
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
  "$PYTHON" tests/vm/browse.py AvatarCam /out/chromium.png
  echo "chromium: $?"
fi
kill -INT $app
wait $app
echo "app: $?"
kill $feeder
cat /out/app.log
