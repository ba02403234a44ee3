"""Time that nobody else wants: who takes it, and when there is none."""
