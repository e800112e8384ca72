"""Networks for tables in plain PyTorch, written from the formulas of their papers and run as they stand.

They share nothing with nettrain. Golden files (`scripts/golden`) and `scripts/bench tabm` are made with them.
Shapes: B rows, k sub-members, m inputs, n outputs.
"""
