"""Range tests: many values of one number, such as the learning rate, each tried by a short training."""
