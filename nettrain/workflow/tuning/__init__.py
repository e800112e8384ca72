"""The steps of `nettrain tune`: what is tuned, how the time is divided, and what comes of it."""
