"""The lanes, each a process of its own: `python -m stream.bench.lanes.NAME ORDER`."""
