"""Proofs that what training computes is right: gradients against differences and dual numbers."""
