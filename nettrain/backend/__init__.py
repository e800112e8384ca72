"""Where arrays live, and how a step of training is computed there.

A **backend** (`base.Backend`) owns arrays, products and calls; `numpy` computes on the host and is the
reference, `cupy` on an NVIDIA GPU. Everything above works through its methods and through `backend.xp`, the
array module with NumPy's functions. A backend is an argument, never a global; `choose` finds one by name.

A step is a list of **calls**, functions without arguments that are bound to arrays which exist already.
Building a network allocates the arrays and makes the calls; a step only runs them. `Backend.capture` makes
one call of the list: on a GPU it becomes a CUDA graph.

A **kernel** (`kernel.Kernel`) is a loop over arrays written once, in Python: Numba compiles it for the host,
`cuda` translates the same function to CUDA C++. Shared pieces of kernels are in `exponential`, `normal` and
`philox` (random bits). Machine code is kept on disk (`fingerprint`, `stamped_cache`).

**Products** have kernels of their own on the host (`tile`, `small_products`, `tiled_products`); a few go
through a BLAS in blocks (`product_blocks`), each followed by passes for bias, clamp and mask (`product`).

A **pool** (`pool.Pool`) is scratch memory by name. `pinned` brings rows to a GPU while it computes, and
`device` says which GPU there is, or why none can be used.
"""
