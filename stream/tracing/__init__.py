"""`vigia trace`: from one prediction back to training pictures, from a model version to both ends."""
