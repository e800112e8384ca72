"""What it takes to resume a training: its state, and which settings may have changed."""
