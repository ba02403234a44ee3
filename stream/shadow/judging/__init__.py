"""How a challenger compares with production on the frames that both answered, and what is decided by it."""
