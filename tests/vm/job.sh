#!/bin/bash
# Runs inside the virtual machine: a clip is the webcam /dev/video10, the app feeds /dev/video11, and
# three other programs look at what comes out there. What they see lies in /out afterwards.
# CHECKOUT and PYTHON are filled in by the test; /out holds what it made: clip, model, photo.
set -um # with jobs of their own: others could not be ended by Ctrl-C
export AVATAR_APP_HOME=/out/home PYTHONDONTWRITEBYTECODE=1
# This processor is emulated: it multiplies and adds in one step ten times slower than in two, and
# two of its cores may have one real core for both, where waiting for each other costs most. So the
# app does without the one, and has a core to itself; the other is left to those who look.
export ONEDNN_MAX_CPU_ISA=AVX
cd "$CHECKOUT"

say() {
  echo "[$(cut -d. -f1 /proc/uptime) s] $*"
}

say "Linux $(uname -r), $(cat /sys/class/video4linux/video1[01]/name | paste -sd ' ')"
# Of the clip two pictures a second, decoded beforehand: this machine has more important work.
ffmpeg -nostdin -v error -re -stream_loop -1 -f rawvideo -video_size 320x240 -pix_fmt yuv420p -framerate 2 \
  -i /out/driver.yuv -f v4l2 /dev/video10 &
feeder=$!
sleep 4
say "the app starts"
taskset -c 0 "$PYTHON" -m avatar_app run --headless --camera /dev/video10 --virtual-camera /dev/video11 --no-detector \
  --model /out/portrait.safetensors --avatar /out/mei.png --stats /out/stats.json &
app=$!
until grep -q 'others see: avatar' /out/log; do
  kill -0 $app || break
  sleep 1
done
say "others see the avatar, or the app has ended"

taskset -c 1 "$PYTHON" tests/vm/look.py /dev/video11 /out/opencv.png
say "opencv: $?"
taskset -c 1 ffmpeg -nostdin -v error -y -f v4l2 -i /dev/video11 -frames:v 8 -update 1 /out/ffmpeg.png
say "ffmpeg: $?"
if command -v chromium >/dev/null; then
  # Slow as a browser is here, it must not keep the app from making pictures.
  taskset -c 1 nice -n 10 "$PYTHON" tests/vm/browse.py AvatarCam /out/chromium.png
  say "chromium: $?"
fi
kill -INT $app
wait $app
say "app: $?"
kill $feeder
