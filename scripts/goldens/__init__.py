"""What each golden file is made of; see scripts/golden."""
