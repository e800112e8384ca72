"""Which training rows make up a batch, and where they lie."""
