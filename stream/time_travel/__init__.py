"""A window of frames, answered again by any version and compared with what was live then."""
