"""`vigia bench`: the live path measured beside a naive one, a plain loop and the bare engine, in one run."""
