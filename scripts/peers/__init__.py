"""The sides that `scripts/bench` compares: nettrain and, where they are installed, JAX and PyTorch."""
