"""Kernels on an NVIDIA GPU: their Python functions, translated to CUDA C++.

`translate` turns the syntax tree of a kernel into C++ (`functions` its statements, `expressions` the rest) on
top of what `prelude.cuh` defines. `threads` and `loop_nests` find the loops whose iterations threads can
share. `program` adds how a program is launched. To save launches, `passes` puts several kernels into one
program where `rowwise` proves that it is safe, and `launches` applies that to a list of calls.
"""

from nettrain.backend.cuda.program import Program, iterations, program

__all__ = ["Program", "iterations", "program"]
