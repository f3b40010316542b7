"""Looks at a camera as a call in a browser does: `browse.py NAME PICTURE.png`.

Serves a page on this machine, opens it in Chromium, and takes what the page sees by getUserMedia.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

_PAGE = """<!doctype html><video autoplay muted width="160"></video><script>
const tell = (path, text) => fetch(path, {method: "POST", body: text});
(async () => {
  await tell("/step", "opens any camera");
  const any = await navigator.mediaDevices.getUserMedia({video: true});
  any.getTracks().forEach(track => track.stop());  // names are told only after it
  const all = await navigator.mediaDevices.enumerateDevices();
  const names = all.filter(d => d.kind == "videoinput").map(d => d.label);
  const device = all.find(d => d.label.includes("NAME"));
  if (!device) return tell("/failed", "not listed among " + names);
  await tell("/step", "opens " + device.label);
  const video = document.querySelector("video");
  const exact = {deviceId: {exact: device.deviceId}};
  video.srcObject = await navigator.mediaDevices.getUserMedia({video: exact});
  await video.play();
  await tell("/step", "plays " + video.videoWidth + " x " + video.videoHeight);
  // Any camera may have been the app's own: until that is back, a card is what others see.
  const end = performance.now() + 15000;
  for (let seen = 0; seen < 5 || performance.now() < end; seen++)
    await new Promise(r => video.requestVideoFrameCallback(r));
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  await tell("/seen", canvas.toDataURL("image/png"));
})().catch(error => tell("/failed", String(error)));
</script>"""
_PATIENCE = 400.0  # seconds: where the app runs on an emulated processor, so does the browser
_COMPLAINTS = 500  # characters of what the browser said last

name, target = sys.argv[1], Path(sys.argv[2])
ended = threading.Event()
answer: list[str] = []


class Page(BaseHTTPRequestHandler):
    """Gives the page, and takes what it says."""

    def do_GET(self) -> None:
        """Give the page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(_PAGE.replace("NAME", name).encode())

    def do_POST(self) -> None:
        """Take what it does next, a picture, or what went wrong."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.send_response(204)
        self.end_headers()
        if self.path == "/step":
            sys.stdout.write(f"the page {body}\n")
            sys.stdout.flush()
            return
        answer.extend((self.path, body))
        ended.set()

    def log_message(self, *told: object) -> None:
        """Keep quiet."""


server = HTTPServer(("127.0.0.1", 0), Page)
threading.Thread(target=server.serve_forever, daemon=True).start()
flags = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-ui-for-media-stream",
    "--remote-debugging-port=9333",
)
address = f"http://127.0.0.1:{server.server_port}/"
# A new profile: one that another browser has used may be locked.
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    complaints = Path(folder) / "complaints"
    command = ["chromium", *flags, f"--user-data-dir={folder}/profile", address]
    with (
        complaints.open("wb") as file,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file) as browser,
    ):
        patient_until = time.monotonic() + _PATIENCE
        while browser.poll() is None and time.monotonic() < patient_until and not ended.wait(1):
            pass
        has_ended = browser.poll() is not None
        browser.kill()
    said = complaints.read_text(errors="replace")[-_COMPLAINTS:]
server.shutdown()
silent = f"it ended by itself: {said}" if has_ended else "the page never answered"
path, body = answer or ("/failed", silent)
if path != "/seen":
    sys.exit(f"the browser saw nothing: {body}")
target.write_bytes(base64.b64decode(body.partition(",")[2]))
sys.stdout.write("the browser lists the camera and sees it\n")
