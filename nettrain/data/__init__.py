"""Data: what a source holds, which rows train, and how a row becomes numbers."""
