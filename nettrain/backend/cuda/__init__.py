"""Kernels on an NVIDIA GPU: their Python bodies, translated to CUDA C++."""

from nettrain.backend.cuda.program import Program, iterations, program

__all__ = ["Program", "iterations", "program"]
