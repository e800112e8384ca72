"""What is predicted: its kind and classes, rows without it, and how much rows count."""
