"""`nettrain init`: a commented experiment file drafted from a first look at the data."""
