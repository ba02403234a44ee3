"""Cameras: from a source of pictures to frames on the topic."""
