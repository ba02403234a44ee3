"""What happens to LIVE frames: messages, cameras, the worker, the prediction store, the broker."""
