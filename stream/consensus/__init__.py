"""What a camera's last frames agree on, stored with each prediction."""
