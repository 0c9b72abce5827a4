"""Types in signatures; `Any` where more is taken than a type can say."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import keras

# What `numpy.asarray` reads: an array, a tensor, or nested lists of numbers.
ArrayLike: TypeAlias = Any
# What `get_config` returns: the arguments of the constructor, as plain data.
Config: TypeAlias = dict[str, Any]
# A dtype policy, or its name.
Dtype: TypeAlias = keras.DTypePolicy | str
# One loss, several in a list, or one for each output in a dict.
Losses: TypeAlias = (
    keras.losses.Loss
    | Sequence[keras.losses.Loss]
    | Mapping[str, keras.losses.Loss]
)
PathLike: TypeAlias = os.PathLike[str] | str
# Lengths of the axes, None where one is open.
Shape: TypeAlias = tuple[int | None, ...]
# What `keras.ops` takes: a tensor of the backend, or what it makes one of.
TensorLike: TypeAlias = Any
