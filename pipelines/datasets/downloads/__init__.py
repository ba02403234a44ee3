"""Public datasets and weights: where they are, fetched so that a broken line costs nothing, unpacked with care."""
