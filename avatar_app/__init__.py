"""A webcam avatar that knows when it glitches."""

import sys

__version__ = "0.1.0"

# OpenVINO brings a telemetry package that, once imported, writes a client id into the user's home
# and reports. This app reports to nobody: with None here that import fails, as OpenVINO allows.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
