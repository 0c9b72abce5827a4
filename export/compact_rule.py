"""What compaction must know of one call: the base of all rules."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Cut:
    """Which channels stay around one call.

    Attributes:
        inputs: list of bool arrays, per input, which channels stay.
        output: bool array (outputs,), which channels stay.
        constants: list of float arrays, per input, NaN where not constant.
        wanted: bool array (outputs,), channels that vary and are read.
        idle: bool array (outputs,), channels that vary and that nobody reads;
            some stay for the sake of the shape, with any value.
    """

    inputs: list
    output: np.ndarray
    constants: list
    wanted: np.ndarray
    idle: np.ndarray


class Rule:
    """A call that moves channels from inputs to its output unmixed.

    Args:
        sizes: list of ints, channels per input.
        origins: list of int arrays (outputs,), per input the channel that each
            output channel is made of, -1 for none. The two stay or go
            together.
        survives: function, constant input channels (outputs,) -> constant
            output channels; NaN means not constant.

    Attributes:
        reason: str, why the output is kept whole; empty if it is not.
        masked: bool, whether Keras masks may change it at some positions, so
            that it has no constants.
    """

    reason = ""
    masked = False

    def __init__(self, sizes, origins, survives=None):
        self.sizes, self.origins, self.survives = sizes, origins, survives

    def ties(self):
        """List of pairs of int arrays, per input: channels, outputs."""
        outputs = [np.flatnonzero(origin >= 0) for origin in self.origins]
        pairs = zip(self.origins, outputs, strict=True)
        return [(origin[places], places) for origin, places in pairs]

    def constants(self, inputs):
        """Float array (outputs,): what never changes, NaN for the rest."""
        spread = [
            np.where(origin >= 0, values[origin], np.nan)
            for values, origin in zip(inputs, self.origins, strict=True)
        ]
        return self.survives(*spread)

    def reads(self, wanted, inputs):
        """List of bool arrays, per input: channels that `wanted` depends on.

        Args:
            wanted: bool array (outputs,), channels that are read and vary.
            inputs: list of float arrays, the inputs' constants.
        """
        found = [np.zeros(size, bool) for size in self.sizes]
        for read, origin in zip(found, self.origins, strict=True):
            read[origin[wanted & (origin >= 0)]] = True
        return found

    def shrink(self, cut):
        """Returns the new configuration and weights.

        Returns:
            tuple (dict of changes to the layer's config, dict from the
            attribute of a weight, `"query_dense.kernel"`, to its array, for
            all weights; or empty, if they stay as they are).
        """
        return {}, {}

    def counts(self, cut):
        """Pair of ints: units before and after."""
        return len(cut.output), int(cut.output.sum())


class Barrier(Rule):
    """A call that may mix all its channels and makes all its outputs."""

    def __init__(self, reason):
        self.reason = reason


def apart(sizes, outputs):
    """`sizes` and `origins` of a rule whose channels share no places."""
    return list(sizes), [np.full(outputs, -1) for _ in sizes]


def zero_stays(values):
    """Constants that survive zero padding: 0 alone."""
    return np.where(values == 0, values, np.nan)


def finite(values):
    """`values` with NaN in place of what is infinite."""
    return np.where(np.isfinite(values), values, np.nan)
