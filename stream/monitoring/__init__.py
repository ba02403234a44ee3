"""What a worker tells of itself: checks with reasons, metrics, lag."""
