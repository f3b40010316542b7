"""First Order Motion Model (Siarohin et al., NeurIPS 2019): the only place that knows torch."""

import sys

# OpenVINO brings a telemetry package that, once imported, writes a client id into the user's home
# and reports. This app reports to nobody: with None here that import fails, as OpenVINO allows.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
