"""Names for types of NumPy arrays on the host; shapes are written in the docstrings."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]  # numbers of rows, classes or groups
Numbers = npt.NDArray[np.number]
AnyArray = npt.NDArray[np.generic]
