"""Layers that put channels elsewhere: pooling, padding, reshaping, joining."""

import numpy as np

from keras_export.compact_rule import Rule, zero_stays


def unmoved(size, pads=False):
    """Rule of a layer that leaves the channels alone, as pooling does.

    Args:
        size: int, channels.
        pads: bool, whether zeros come in, among which only 0 is constant.
    """
    survives = zero_stays if pads else np.copy
    return Rule([size], [np.arange(size)], survives)


class Reshaped(Rule):
    """Flatten, Reshape: positions of a channel become channels of their own.

    In memory the channel of element i is i % size, and its place on the new
    last axis i % outputs: where `size` divides `outputs` one gives the other.
    """

    def __init__(self, layer, size, outputs):
        super().__init__([size], [np.arange(outputs) % size], np.copy)
        self._target = getattr(layer, "target_shape", None)

    def shrink(self, cut):
        if not self._target or self._target[-1] == -1:
            return {}, {}
        return {"target_shape": (*self._target[:-1], int(cut.output.sum()))}, {}


def side_by_side(sizes):
    """Rule of a concatenation along the channels."""
    total, start, origins = sum(sizes), 0, []
    for size in sizes:
        origin = np.full(total, -1)
        origin[start : start + size] = np.arange(size)
        origins.append(origin)
        start += size

    def survives(*values):
        # Each output comes from one input; the others say NaN.
        first, *others = values
        for other in others:
            first = np.where(np.isnan(first), other, first)
        return first

    return Rule(sizes, origins, survives)


def one_after_another(size, number):
    """Rule of a concatenation along another axis, as of tokens."""

    def survives(*values):
        same = (np.array(values) == values[0]).all(axis=0)
        return np.where(same, values[0], np.nan)

    return Rule([size] * number, [np.arange(size)] * number, survives)
