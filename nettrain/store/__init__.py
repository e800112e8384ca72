"""What a run leaves behind: whole files in one folder, no pickle."""
