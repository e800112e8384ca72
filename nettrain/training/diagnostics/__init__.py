"""What a training reports about itself: epochs, time, divergence, shortage of memory, environment."""
