"""`vigia reproduce`: a model version made once more, from its code, its pictures, its parameters and its seed."""
