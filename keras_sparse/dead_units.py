"""Removes the units of a chain of dense layers that sparsity has cut off."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class LiveUnits:
    """What is left of a chain of dense layers.

    Attributes:
        kernels: list of float arrays (inputs, units), smaller than before.
        biases: list of float arrays (units,), with the constants folded in.
        live: list of int arrays, one per layer: which of the former inputs of
            that layer are left. `live[0]` are inputs of the network.
    """

    kernels: list
    biases: list
    live: list

    @property
    def sizes(self):
        """List of ints: inputs, hidden units ..., outputs."""
        return [len(self.kernels[0])] + [k.shape[1] for k in self.kernels]

    @property
    def layer_sparsity(self):
        """List of floats in [0, 1]: share of zeros in each kernel."""
        return [
            1 - np.count_nonzero(kernel) / max(kernel.size, 1)
            for kernel in self.kernels
        ]


def remove_dead_units(kernels, biases, activations):
    """Leaves out inputs and hidden units without effect; outputs stay equal.

    A hidden unit without incoming weights is a constant, activation(bias): it
    goes into the biases of the next layer. A unit or input without outgoing
    weights is not read. Removing one may cut off others: one sweep forward for
    the constants, then one backward for the unread, leave none.

    Args:
        kernels: list of float arrays (inputs, units), one per layer, 0 = no
            connection.
        biases: list of float arrays (units,), one per layer.
        activations: list of functions array -> array that act on each element
            by itself, one per hidden layer: one less than `kernels`.

    Returns:
        `LiveUnits`. A network that does not depend on its input has size 0
        everywhere but at the output.

    Raises:
        ValueError: where the layers do not fit each other.

    Source: google-research/rigl, `rigl/mnist/mnist_train_eval.py`,
        `get_compressed_fc`.
    Differs from it: constants are folded, there they are lost; nothing dead
        is left, there one sweep keeps what leads only to removed units.

    Example:
        >>> kernels = [np.array([[2.0, 0.0], [0.0, 0.0]]), np.ones((2, 1))]
        >>> biases = [np.array([0.0, 3.0]), np.array([1.0])]
        >>> found = remove_dead_units(kernels, biases, [np.tanh])
        >>> found.sizes, found.biases[1].round(3)  # 1 + tanh(3)
        ([1, 1, 1], array([1.995]))
    """
    kernels = [np.array(kernel) for kernel in kernels]
    # Integers would round the constants that are added to them.
    biases = [1.0 * np.array(bias) for bias in biases]
    _check_chain(kernels, biases, activations)
    _fold_constants(kernels, biases, activations)
    live = _read_inputs(kernels)
    kept = [*live[1:], np.arange(len(biases[-1]))]
    return LiveUnits(
        [
            kernel[np.ix_(inputs, units)]
            for kernel, inputs, units in zip(kernels, live, kept, strict=True)
        ],
        [bias[units] for bias, units in zip(biases, kept, strict=True)],
        live,
    )


def _fold_constants(kernels, biases, activations):
    """Cuts off, in place, the units that nothing comes into."""
    for i, activation in enumerate(activations):
        constant = ~kernels[i].any(axis=0)
        emitted = np.asarray(activation(biases[i]), "float64")[constant]
        added = emitted @ kernels[i + 1][constant].astype("float64")
        biases[i + 1] += added.astype(biases[i + 1].dtype)
        kernels[i + 1][constant] = 0


def _read_inputs(kernels):
    """Per layer the inputs that reach an output; cuts off the others."""
    live: list = [None] * len(kernels)
    for i in reversed(range(len(kernels))):
        live[i] = np.flatnonzero(kernels[i].any(axis=1))
        if i > 0:
            unread = np.setdiff1d(np.arange(len(kernels[i])), live[i])
            kernels[i - 1][:, unread] = 0
    return live


def _check_chain(kernels, biases, activations):
    shapes = [kernel.shape for kernel in kernels]
    fits = (
        kernels
        and all(len(shape) == 2 for shape in shapes)
        and all(a[1] == b[0] for a, b in zip(shapes, shapes[1:], strict=False))
        and [bias.shape for bias in biases] == [shape[1:] for shape in shapes]
        and len(activations) == len(kernels) - 1
    )
    if not fits:
        raise ValueError(
            "`kernels` must be a chain of 2-D arrays, each with one bias per "
            "unit, and one activation between two of them. Received: kernels "
            f"{shapes}, biases {[bias.shape for bias in biases]}, "
            f"{len(activations)} activations. Flatten what is not 2-D, and "
            "pass zeros for a layer without bias."
        )
