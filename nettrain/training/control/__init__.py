"""What steers a training by its figures: stopping, cuts of the learning rate, snapshots."""
