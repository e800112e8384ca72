"""Mistakes that users make, and the page that shows what nettrain says of them."""
