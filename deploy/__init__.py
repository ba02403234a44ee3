"""WHERE it all runs: the supervised stack of one machine, containers."""
