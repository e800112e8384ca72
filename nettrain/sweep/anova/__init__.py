"""What mattered in a search: functional ANOVA of a random forest that was fitted to its trials."""
