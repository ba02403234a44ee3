"""What a training costs the machine, as curves beside its own."""


class MachineMeter:
    """Of this process, since the last reading."""

    def __init__(self) -> None:
        import psutil

        self._process = psutil.Process()
        self._process.cpu_percent()  # the first reading is the start of the count

    def read(self) -> dict[str, float]:
        """Percent of one core, and megabytes; of the GPU too where there is one."""
        memory = self._process.memory_info().rss / 1e6
        return {"system/cpu_percent": self._process.cpu_percent(), "system/memory_mb": memory} | _read_gpu()


def _read_gpu() -> dict[str, float]:
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        return {}
    return {"system/gpu_memory_mb": tf.config.experimental.get_memory_info("GPU:0")["current"] / 1e6}
