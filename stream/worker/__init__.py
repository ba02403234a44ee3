"""The worker: frames become rows and predictions, and none is lost."""
