"""Looks at a camera as a call in a browser does: `browse.py NAME PICTURE.png`.

Serves a page on this machine, opens it in Chromium, and takes what the page sees by getUserMedia.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

_PAGE = """<!doctype html><video autoplay muted></video><script>
const tell = (path, text) => fetch(path, {method: "POST", body: text});
(async () => {
  const any = await navigator.mediaDevices.getUserMedia({video: true});
  any.getTracks().forEach(track => track.stop());  // names are told only after it
  const all = await navigator.mediaDevices.enumerateDevices();
  const names = all.filter(d => d.kind == "videoinput").map(d => d.label);
  const device = all.find(d => d.label.includes("NAME"));
  if (!device) return tell("/failed", "not listed among " + names);
  const video = document.querySelector("video");
  const exact = {deviceId: {exact: device.deviceId}};
  video.srcObject = await navigator.mediaDevices.getUserMedia({video: exact});
  await video.play();
  for (let seen = 0; seen < 5; seen++) await new Promise(r => video.requestVideoFrameCallback(r));
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  await tell("/seen", canvas.toDataURL("image/png"));
})().catch(error => tell("/failed", String(error)));
</script>"""
_PATIENCE = 200.0

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
        """Take a picture, or what went wrong."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.send_response(204)
        self.end_headers()
        answer.extend((self.path, body))
        ended.set()

    def log_message(self, *told: object) -> None:
        """Keep quiet."""


server = HTTPServer(("127.0.0.1", 0), Page)
threading.Thread(target=server.serve_forever, daemon=True).start()
flags = ("--headless", "--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream")
address = f"http://127.0.0.1:{server.server_port}/"
with subprocess.Popen(
    ["chromium", *flags, "--user-data-dir=/tmp/chromium", "--remote-debugging-port=9333", address],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
) as browser:
    ended.wait(_PATIENCE)
    browser.kill()
server.shutdown()
path, body = answer or ("/failed", "the page never answered")
if path != "/seen":
    sys.exit(f"the browser saw nothing: {body}")
target.write_bytes(base64.b64decode(body.partition(",")[2]))
sys.stdout.write("the browser lists the camera and sees it\n")
