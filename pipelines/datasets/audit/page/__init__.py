"""The audit as a page to look through, and the suggestions that a person may agree to on it."""
