"""The guard: a version that fails live is rolled back by rule, once, by one worker, or warned about."""
