"""Attention heads and embedding columns."""

import numpy as np

from keras_export.compact_linear import array
from keras_export.compact_rule import Rule, apart, finite

ROLES = ("query", "value", "key")


class Attention(Rule):
    """MultiHeadAttention, cut by heads and by output channels.

    A head is dead if no value reaches the output through it: for each of its
    dimensions the value kernel or the output kernel is zero. What is left of
    it is a constant, since attention weights sum to 1, that goes into the
    output bias. One head stays in any case.

    Args:
        layer: built `keras.layers.MultiHeadAttention` with a vector output.
        roles: list of str, per input tensor `"query"`, `"value"`, `"key"`, or
            another name for a mask.
        sizes: list of ints, length of the last axis per input tensor.
    """

    def __init__(self, layer, roles, sizes):
        self._layer, self._roles = layer, roles
        if "key" not in roles:
            self._roles = [r if r != "value" else "value key" for r in roles]
        self._kernels = {
            role: array(getattr(layer, f"{role}_dense").kernel)
            for role in (*ROLES, "output")
        }
        # Values (heads, dimensions), outputs (heads, dimensions, channels).
        moving = self._kernels["value"].any(axis=0)
        output = self._kernels["output"]
        self._carried = moving[..., None] & (output != 0)
        super().__init__(*apart(sizes, output.shape[-1]))

    def constants(self, inputs):
        sums = self._bias("output") + self._emitted().sum(axis=0)
        return finite(np.where(self._carried.any(axis=(0, 1)), np.nan, sums))

    def reads(self, wanted, inputs):
        live = self._live(wanted)
        pairs = zip(self._roles, self.sizes, strict=True)
        return [self._rows(role, size, live) for role, size in pairs]

    def shrink(self, cut):
        output, live = np.flatnonzero(cut.output), self._live(cut.wanted)
        kept = dict(zip(self._roles, cut.inputs, strict=True))
        kernels = {"output": self._kernels["output"][live][..., output]}
        for role in ROLES:
            rows = next(kept[r] for r in kept if role in r.split())
            kernels[role] = self._kernels[role][rows][:, live]
        weights = {f"{r}_dense.kernel": k for r, k in kernels.items()}
        if self._layer.use_bias:
            folded = self._emitted()[~live].sum(axis=0)
            bias = self._bias("output") + folded
            weights["output_dense.bias"] = bias[output]
            for role in ROLES:
                bias = self._bias(role)[live]
                weights[f"{role}_dense.bias"] = bias
        config = {"num_heads": int(live.sum())}
        given = self._layer.get_config()["output_shape"]
        if given is not None or len(output) != kept["query"].sum():
            config["output_shape"] = (len(output),)
        return config, weights

    def counts(self, cut):
        live = self._live(cut.wanted)
        return len(live), int(live.sum())

    def _live(self, wanted):
        """Bool array (heads,): which reach a wanted output, or the first."""
        live = self._carried[..., wanted].any(axis=(1, 2))
        live[0] |= not live.any()
        return live

    def _rows(self, role, size, live):
        """Channels that the live heads read; all of a mask."""
        kernels = [self._kernels[r] for r in role.split() if r in ROLES]
        if not kernels:
            return np.ones(size, bool)
        rows = [kernel[:, live].any(axis=(1, 2)) for kernel in kernels]
        return np.any(rows, axis=0)

    def _emitted(self):
        """What each head adds if all its values are their biases alone."""
        output = self._kernels["output"]
        return np.einsum("hd,hdo->ho", self._bias("value"), output)

    def _bias(self, role):
        if not self._layer.use_bias:
            shape = self._kernels[role].shape
            return np.zeros(shape[2:] if role == "output" else shape[1:])
        dense = getattr(self._layer, f"{role}_dense")
        return array(dense.bias).astype("float64")


class Lookup(Rule):
    """Embedding: a column is a channel; its inputs are all needed."""

    def __init__(self, layer, size):
        self._table = array(layer.embeddings)
        super().__init__(*apart([size], self._table.shape[1]))

    def constants(self, inputs):
        first = self._table[0].astype("float64")
        uniform = (self._table == self._table[0]).all(axis=0)
        return finite(np.where(uniform, first, np.nan))

    def reads(self, wanted, inputs):
        return [np.ones(self.sizes[0], bool)]

    def shrink(self, cut):
        config = {"output_dim": int(cut.output.sum())}
        return config, {"embeddings": self._table[:, cut.output]}
