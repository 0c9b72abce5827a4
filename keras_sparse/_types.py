"""Types in signatures; `Any` where more is taken than a type can say."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

# A tensor of the backend, a `keras.Variable`, an array or a number. What is
# returned is a tensor of the backend.
Tensor: TypeAlias = Any
Shape: TypeAlias = tuple[int, ...]
# Variable path -> boolean array of that variable's shape, true = live.
Masks: TypeAlias = dict[str, np.ndarray]
# Variable path -> 0/1 array or tensor of that variable's shape.
MaskLike: TypeAlias = Mapping[str, Tensor]
# Regular expressions, a function path -> bool, or, after loading, the name of
# a variable -> its place in the model.
Filters: TypeAlias = (
    str | Sequence[str] | Callable[[str], bool] | Mapping[str, int] | None
)
PathLike: TypeAlias = os.PathLike[str] | str
Distribution: TypeAlias = Literal[
    "erk", "erdos_renyi_kernel", "er", "erdos_renyi", "uniform"
]
Scope: TypeAlias = Literal["layer", "global"]
DropSchedule: TypeAlias = Literal[
    "cosine", "linear", "constant", "learning_rate"
]
# Step -> (whether to prune now, share of zeros then).
Schedule: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]
