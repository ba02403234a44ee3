"""How good, how sure, how wrong, how fast: plain functions of labels, probabilities and features."""
