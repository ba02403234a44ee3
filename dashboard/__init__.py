"""What people SEE: the pages, fed by the prediction store alone."""
