"""One answer from what was said about several frames: the rule, and what it is worth on a labelled video."""
