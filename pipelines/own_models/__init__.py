"""A model trained elsewhere: looked at before it is opened, opened in a child with limits, measured, registered."""
