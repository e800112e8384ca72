"""Where arrays live, and the few operations that need care there."""
