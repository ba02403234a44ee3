"""One module per stage of dvc.yaml; stage, module and params section share one name."""
