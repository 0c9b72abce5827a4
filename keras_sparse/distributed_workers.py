"""What the worker processes of one training tell each other."""

import contextlib

import numpy as np
import tensorflow as tf

_PIECE = 1 << 24  # int32 values in one collective: 64 MiB
_LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
)


class Workers:
    """The worker processes that train one model together.

    Every method that talks to the others must be called by all of them, in
    the same order, or they wait for each other for ever.

    Args:
        strategy: `tf.distribute.Strategy`; only a
            `MultiWorkerMirroredStrategy` has more than one worker.

    Attributes:
        count: int, number of workers.
        is_chief: bool, whether this one writes the files.
    """

    def __init__(self, strategy):
        self.strategy = strategy
        self.count, self.is_chief = 1, True
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            resolver = strategy.cluster_resolver
            tasks = resolver.cluster_spec().as_dict()
            named = tasks.get("chief", []) + tasks.get("worker", [])
            self.count = max(1, len(named))
            first = "chief" if "chief" in tasks else "worker"
            me = (resolver.task_type or first, resolver.task_id or 0)
            self.is_chief = me == (first, 0)
        self._total = tf.function(self._sum, autograph=False)

    @contextlib.contextmanager
    def missed(self):
        """Context that tells when another worker has stopped answering."""
        try:
            yield
        except _LOST as error:
            if self.count == 1:
                raise
            raise RuntimeError(
                "Another worker does not answer: it has stopped, or its "
                f"program differs. Received: {type(error).__name__}. Start the "
                "program again on all workers; with `backup_dir` it goes on "
                "from the last backup."
            ) from error

    def any(self, flag):
        """Whether the flag is true on at least one worker."""
        if self.count == 1:
            return bool(flag)
        return bool(self._total(np.array([flag], "int32"), False)[0] > 0)

    def from_chief(self, content):
        """The chief's bytes, or its None, on every worker.

        Args:
            content: bytes or None; looked at on the chief alone.
        """
        if self.count == 1:
            return content
        size = -1 if content is None or not self.is_chief else len(content)
        size = self._numbers_from_chief(np.array([size], "int64"))[0]
        if size < 0:
            return None
        padded = np.zeros(-(-size // 4) * 4, "uint8")
        if self.is_chief:
            padded[:size] = np.frombuffer(content, "uint8")
        return self._numbers_from_chief(padded)[:size].tobytes()

    def same(self, content):
        """Whether all workers hold the same bytes."""
        return not self.any(self.from_chief(content) != content)

    def _numbers_from_chief(self, numbers):
        """Sums bits with zeros, which changes none: there is no broadcast."""
        bits = numbers.view("int32")
        pieces = [
            np.array(self._total(bits[first : first + _PIECE], True))
            for first in range(0, len(bits), _PIECE)
        ]
        return np.concatenate([*pieces, bits[:0]]).view(numbers.dtype)

    def _sum(self, values, of_chief):
        def on_replica(values):
            context = tf.distribute.get_replica_context()
            values = tf.identity(values)  # which has a device to reduce on
            if of_chief:
                first = tf.equal(context.replica_id_in_sync_group, 0)
                values = tf.where(first, values, tf.zeros_like(values))
            return context.all_reduce(tf.distribute.ReduceOp.SUM, values)

        values = tf.convert_to_tensor(values)
        total = self.strategy.run(on_replica, args=(values,))
        return self.strategy.experimental_local_results(total)[0]
