"""What `vigia bench` measures that needs no stream, and how figures are told."""
