"""One weight of the model with all that the optimizer keeps for it."""

import dataclasses
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_sparse.backend import sum_over_replicas
from keras_sparse.method import SparseWeight


@dataclasses.dataclass
class MaskedWeight:
    """The variables of one masked weight.

    Attributes:
        name: str, the weight's path when its mask was made.
        variable: `keras.Variable` of the model, 0 outside the mask.
        mask: boolean variable of its shape, true = live.
        memory: dict name -> variable of its shape, which the method asked for.
        dormant: variable of its shape with the values that weights outside the
            mask had, or None where they are forgotten.
        slots: list of (slot of the inner optimizer, its value when new).
    """

    name: str
    variable: Any
    mask: Any
    memory: dict = dataclasses.field(default_factory=dict)
    dormant: Any = None
    slots: list = dataclasses.field(default_factory=list)

    def seen(self, gradient=None):
        """The `SparseWeight` that the method sees."""
        mask = ops.convert_to_tensor(self.mask)
        value = ops.convert_to_tensor(self.variable)
        if self.dormant is not None:
            value = ops.where(mask, value, ops.convert_to_tensor(self.dormant))
        memory = {
            name: ops.convert_to_tensor(variable)
            for name, variable in self.memory.items()
        }
        return SparseWeight(self.name, value, mask, gradient, memory)

    def hide(self):
        """Sets the weights outside the mask to 0.0."""
        self.variable.assign(masked(self.variable, self.mask))

    def reveal(self):
        """Gives weights outside the mask the values they had, to train them."""
        if self.dormant is not None:
            self.variable.assign(self.seen().value)

    def remember(self):
        """Keeps the values that `hide` is about to take away."""
        if self.dormant is not None:
            self.dormant.assign(self.variable)

    def keep(self, memory):
        """Assigns the method's own variables, dict name -> tensor."""
        for name, value in memory.items():
            self.memory[name].assign(value)

    def move(self, mask, value=None):
        """Changes the mask; grown weights start at 0 with new slots.

        Args:
            mask: boolean tensor, the new mask.
            value: float tensor, the new weights, or None: as they are.
        """
        if self.dormant is not None:
            revealed = self.seen().value if value is None else value
            self.variable.assign(masked(revealed, mask))
        else:
            stayed = ops.logical_and(mask, ops.convert_to_tensor(self.mask))
            value = self.variable if value is None else value
            self.variable.assign(masked(value, stayed))
            for slot, of_new in self.slots:
                slot.assign(masked(slot, stayed, of_new))
        self.mask.assign(mask)


def masked_weights(add_variable, method, selected, masks, values):
    """Makes the variables of each masked weight.

    Args:
        add_variable: the optimizer's method of that name.
        method: `Method`.
        selected: dict path -> `keras.Variable` of the model.
        masks: dict path -> 0/1 array to start from.
        values: dict path -> array, what the variables hold.

    Returns:
        List of `MaskedWeight`, in the order of `selected`.
    """
    masks = {path: np.asarray(masks[path], dtype=bool) for path in selected}
    starts = method.initial_memory(values, masks)

    def make(name, variable):
        def add(purpose, start, dtype):
            return add_variable(
                tuple(variable.shape),
                Constant(start),
                dtype=dtype,
                name=f"{name.replace('/', '_')}_{purpose}",
            )

        nothing = np.zeros(variable.shape)
        memory = {
            purpose: add(
                purpose, starts.get(purpose, {}).get(name, nothing), "float32"
            )
            for purpose in method.memory
        }
        mask = add("mask", masks[name], "bool")
        dormant = None
        if method.keeps_dormant_weights:
            dormant = add("dormant", values[name], variable.dtype)
        return MaskedWeight(name, variable, mask, memory, dormant)

    return [make(name, variable) for name, variable in selected.items()]


def seen_by_method(gradients, weights, with_gradients):
    """Returns the masked weights, and as many `SparseWeight` of them.

    Args:
        gradients: list of tensors or None, one per variable of the model.
        weights: list of `MaskedWeight`, or None for a variable without mask.
        with_gradients: bool, sum the gradients over all replicas, and leave
            out weights that have none. Else no gradient is seen.
    """
    pairs = [
        (weight, gradient)
        for weight, gradient in zip(weights, gradients, strict=True)
        if weight is not None
    ]
    summed = [None] * len(pairs)
    if with_gradients:
        pairs = [pair for pair in pairs if pair[1] is not None]
        summed = sum_over_replicas([gradient for _, gradient in pairs])
    kept = [weight for weight, _ in pairs]
    both = zip(kept, summed, strict=True)
    return kept, [weight.seen(gradient) for weight, gradient in both]


def masked(tensor, mask, outside=0.0):
    """The tensor where the mask is true, a constant elsewhere."""
    tensor = ops.convert_to_tensor(tensor)
    outside = ops.cast(outside, tensor.dtype)
    return ops.where(ops.convert_to_tensor(mask), tensor, outside)


class Constant(keras.initializers.Initializer):
    """Gives a variable a value from its birth, even inside a traced step."""

    def __init__(self, value):
        self.value = value

    def __call__(self, shape, dtype=None):
        return ops.convert_to_tensor(self.value, dtype=dtype)
