"""Parts of the long run with kills: its processes, what came of its frames, and what grew."""
