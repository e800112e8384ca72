"""Training steps of `nettrain train`, beside those of other libraries, on the same rows."""
