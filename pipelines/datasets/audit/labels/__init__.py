"""Which labels the other pictures dispute: the check that needs pretrained weights."""
