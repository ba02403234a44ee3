"""Searching for better params: trials in processes of their own, kept in a study that can be continued."""
