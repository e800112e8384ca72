"""Networks of different settings on the same rows, whose weighted mean predicts: plan, training, results."""
