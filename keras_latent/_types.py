"""Types in signatures; `Any` where more is taken than a type can say."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import keras

# What `numpy.asarray` reads: an array, a tensor, or nested lists of numbers.
ArrayLike: TypeAlias = Any
# Keyword arguments of a generator besides the latent points.
Conditioning: TypeAlias = Mapping[str, Any] | None
# A function of (rows, seed) that draws these for each batch.
DrawConditioning: TypeAlias = Callable[[Any, Any], Mapping[str, Any]]
# What `get_config` returns: the arguments of the constructor, as plain data.
Config: TypeAlias = dict[str, Any]
# A dtype policy, or its name.
Dtype: TypeAlias = keras.DTypePolicy | str
# An array of examples, or a data set or other iterable of batches of them.
Examples: TypeAlias = Any
# A `Fader`, or its encoder and decoder.
FaderLike: TypeAlias = keras.Model | Sequence[keras.Model]
LatentDistribution: TypeAlias = Literal["normal", "uniform", "signed_uniform"]
# Arrays (x, labels), or a data set of batches of these.
LabelledData: TypeAlias = Any
# A layer, its name, or its number.
LayerLike: TypeAlias = keras.Layer | str | int
# A Keras model, or a function of the same arguments.
Network: TypeAlias = keras.Model | Callable[..., Any]
# An optimizer or its name; None: the default that the docstring names.
OptimizerLike: TypeAlias = keras.optimizers.Optimizer | str | None
PathLike: TypeAlias = os.PathLike[str] | str
# The values of black and white, or another pair (low, high).
Range: TypeAlias = Sequence[float]
# Lengths of the axes: int, or None where one is open.
Shape: TypeAlias = tuple[Any, ...]
# Number of classes of an attribute, or of each of several.
Sizes: TypeAlias = int | Sequence[int]
# What `keras.ops` takes: a tensor, or what it makes one of.
TensorLike: TypeAlias = Any
