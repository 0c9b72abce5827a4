"""Types in signatures; `Any` where more is taken than a type can say."""

import os
from typing import Any, TypeAlias

# What `numpy.asarray` reads: an array, a tensor, or nested lists of numbers.
ArrayLike: TypeAlias = Any
PathLike: TypeAlias = os.PathLike[str] | str
# What `keras.Model.predict` takes, or an iterable of batches of it.
Samples: TypeAlias = Any
