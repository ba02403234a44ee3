"""Which version serves, and why: the gate, the aliases it moves, and the log book of every decision."""
