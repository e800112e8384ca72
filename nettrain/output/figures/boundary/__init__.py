"""Pictures of small worlds: what networks predict all over the plane, or along a line, and the rows."""
