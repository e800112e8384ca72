"""What `scripts/bench` compares: nettrain and, where installed, JAX, PyTorch and scikit-learn."""
