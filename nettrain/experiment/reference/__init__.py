"""What an experiment file may contain: the catalogue of `nettrain list`, and the JSON schema for editors."""
