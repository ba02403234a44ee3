"""Pages about the project, and the programs that write those that the code can tell."""
