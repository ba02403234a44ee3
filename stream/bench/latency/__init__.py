"""From captured to stored: frames sent at steady rates, read back from the predictions topic."""
