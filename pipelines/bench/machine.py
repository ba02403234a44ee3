"""What a figure was measured on."""

import os
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any, Final

PACKAGES: Final = (
    "openvino", "tensorflow", "tensorflow-cpu", "keras", "onnxruntime", "numpy", "pillow", "simplejpeg", "orjson",
    "pybase64", "faust-streaming", "aiokafka", "confluent-kafka", "sqlalchemy",
)  # fmt: skip
FLAGS: Final = (
    "sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "avx512_fp16",
    "avx_vnni", "amx_tile", "amx_int8", "amx_bf16", "asimd", "asimddp", "bf16", "i8mm", "sve",
)  # fmt: skip
"""Of a processor, those that decide how fast a network is."""


def describe_machine() -> dict[str, Any]:
    """Processor, memory, load and versions."""
    import psutil

    from pipelines.openvino_core import open_core

    model, flags = read_processor(_cpuinfo())
    core = open_core()
    return {
        "processor": model or platform.processor() or platform.machine(),
        "cores": count_cores(),
        "cpu_flags": flags,
        "engine_capabilities": sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": list_versions(PACKAGES),
    }


def count_cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read_processor(cpuinfo: str) -> tuple[str, list[str]]:
    """Model name and the flags that matter, of the text of /proc/cpuinfo; empty ones where it does not say."""
    fields: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip().lower(), value.strip())
    known = set((fields.get("flags") or fields.get("features") or "").split())
    return fields.get("model name", ""), [flag for flag in FLAGS if flag in known]


def list_versions(packages: Iterable[str]) -> dict[str, str]:
    """Of those that are installed."""
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
