"""Which channels of a graph are constant, are read, and can stay or go."""

import numpy as np

from keras_export.compact_rule import Barrier, Cut
from keras_export.compact_trace import channel_count


class Channels:
    """The last axis of all tensors of a graph, in three sweeps.

    Forward: a channel is constant if all that it is made of is constant.
    Backward: a channel is read if one that varies and is read needs it, or a
    barrier. Then those stay that are read, those that share their place (the
    same channel on both sides of an addition, of a normalisation), and one in
    each tensor, as no axis can be empty. A constant that stays keeps its
    value. A channel that varies and stays unread may take any finite value.

    As what is constant does not depend on what is read, and what is read does
    not depend on what stays, this is a fixpoint: nothing can go after it.

    Args:
        graph: `compact_trace.Graph`.
        rules: list of `compact_rule.Rule`, one per call of the graph.
    """

    def __init__(self, graph, rules):
        self._graph, self._places, self._end = graph, {}, 0
        self._tensors = []  # holds them, so that their ids stay theirs
        tensors = [*graph.inputs]
        for call in graph.calls:
            tensors += [*call.inputs, *call.outputs]
        for tensor in tensors + graph.pinned:
            self._add(graph.resolve(tensor))
        self._known = np.full(self._end, np.nan)
        self._read = np.zeros(self._end, bool)
        calls = list(zip(graph.calls, rules, strict=True))
        self._find_constants(calls)
        self._find_reads(calls)
        self._kept = self._read.copy()
        self._keep_ties(self._ties(calls))

    def kept(self, tensor):
        """Bool array (channels,): which stay."""
        return self._kept[self._place(tensor)]

    def dead(self, tensor):
        """Bool array (channels,): which are constant or not read."""
        place = self._place(tensor)
        return ~np.isnan(self._known[place]) | ~self._read[place]

    def cut(self, call):
        """`compact_rule.Cut` of a call with one output."""
        output = self._place(call.outputs[0])
        varies = np.isnan(self._known[output])
        return Cut(
            inputs=[self.kept(tensor) for tensor in call.inputs],
            output=self._kept[output],
            constants=self._constants(call),
            wanted=self._read[output] & varies,
            idle=~self._read[output] & varies,
        )

    def _add(self, tensor):
        if id(tensor) not in self._places:
            size = channel_count(tensor) or 0
            self._places[id(tensor)] = slice(self._end, self._end + size)
            self._tensors.append(tensor)
            self._end += size

    def _place(self, tensor):
        return self._places[id(self._graph.resolve(tensor))]

    def _constants(self, call):
        return [self._known[self._place(tensor)] for tensor in call.inputs]

    def _find_constants(self, calls):
        for call, rule in calls:
            if not isinstance(rule, Barrier):
                found = rule.constants(self._constants(call))
                self._known[self._place(call.outputs[0])] = found

    def _find_reads(self, calls):
        for tensor in self._graph.pinned:
            self._read[self._place(tensor)] = True
        for call, rule in calls:
            if rule.reason:
                for tensor in call.outputs:
                    self._read[self._place(tensor)] = True
        for call, rule in reversed(calls):
            if isinstance(rule, Barrier):
                reads = [True] * len(call.inputs)
            else:
                output = self._place(call.outputs[0])
                wanted = self._read[output] & np.isnan(self._known[output])
                reads = rule.reads(wanted, self._constants(call))
            for tensor, read in zip(call.inputs, reads, strict=True):
                self._read[self._place(tensor)] |= read

    def _ties(self, calls):
        """List of pairs of int arrays: channels that stay or go together."""
        ties = []
        for call, rule in calls:
            if isinstance(rule, Barrier):
                continue
            start = self._place(call.outputs[0]).start
            for tensor, (a, b) in zip(call.inputs, rule.ties(), strict=True):
                ties.append((a + self._place(tensor).start, b + start))
        return ties

    def _keep_ties(self, ties):
        _close(self._kept, ties)
        for place in self._places.values():
            if not self._kept[place].any() and place.stop > place.start:
                # A constant, if there is one, needs no inputs of its own.
                constant = ~np.isnan(self._known[place])
                self._kept[place.start + int(constant.argmax())] = True
                _close(self._kept, ties)


def _close(kept, ties):
    """Keeps, in place, all that is tied to what is kept."""
    before = -1
    while before != (before := np.count_nonzero(kept)):
        for one, other in [*ties, *reversed(ties)]:
            # `or.at`, as several outputs may share one input channel.
            np.logical_or.at(kept, one, kept[other])
            kept[other] |= kept[one]
