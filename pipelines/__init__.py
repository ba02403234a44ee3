"""WHAT happens to data and models. Plain functions: no scheduler, no stream, no page."""

import sys

# OpenVINO and nncf report each use to their makers unless this package is missing: nothing leaves this machine unasked.
# It must be so before either is imported, in whatever process
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
