"""What `scripts/gpu-check` runs: sides in processes of their own, the equality table, the verdicts."""
