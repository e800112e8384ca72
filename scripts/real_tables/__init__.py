"""Hundreds of tables that people have made, drafted and trained as they are."""
