"""The compiled functions of distributed training."""

import functools

import keras
import tensorflow as tf


class Steps:
    """What `tf.distribute` runs on every replica, compiled once each.

    Args:
        model: compiled `keras.Model`, made in the scope of `strategy`.
        strategy: `tf.distribute.Strategy`.
    """

    def __init__(self, model, strategy):
        self.model = model
        self.strategy = strategy
        function = functools.partial(
            tf.function, autograph=False, reduce_retracing=True
        )
        step = model.train_step
        if model.jit_compile:
            step = function(step, jit_compile=True)
        self._train_step = step
        self._averaged = [
            variable
            for variable in model.non_trainable_weights
            if keras.backend.is_float_dtype(variable.dtype)
        ]
        self.train = function(self._train)
        self.test = function(self._test)
        self.skip = function(self._skip)
        self.average = function(self._average)

    def _train(self, iterator, steps):
        """Trains for so many steps; the logs are those of all replicas."""

        def step(i):
            self.strategy.run(self._train_step, args=(iterator.get_next(),))
            return i + 1

        if self.model.steps_per_execution > 1:
            before = steps - 1
            tf.while_loop(lambda i: i < before, step, [tf.zeros((), "int32")])
        logs = self.strategy.run(self._train_step, args=(iterator.get_next(),))
        results = self.model.get_metrics_result()
        return {
            name: results[name]
            if name in results
            else self.strategy.reduce(tf.distribute.ReduceOp.MEAN, value, None)
            for name, value in logs.items()
        }

    def _test(self, batch):
        """Adds a batch to the metrics; a replica may get no example of it."""

        def on_replica(batch):
            rows = tf.shape(keras.tree.flatten(batch)[0])[0]
            tf.cond(rows > 0, lambda: self._test_step(batch), lambda: True)

        self.strategy.run(on_replica, args=(batch,))

    def _test_step(self, batch):
        self.model.test_step(batch)
        return True

    def _skip(self, iterator, steps):
        def step(i):
            iterator.get_next()
            return i + 1

        tf.while_loop(lambda i: i < steps, step, [tf.zeros((), "int64")])

    def _average(self):
        """Gives all replicas the mean of their moving statistics.

        Each replica has those of its own examples. The mean is taken of the
        differences to the first replica, so that what is equal stays so bit
        by bit.
        """
        if self._averaged and self.strategy.num_replicas_in_sync > 1:
            self.strategy.run(self._average_on_replica)

    def _average_on_replica(self):
        context = tf.distribute.get_replica_context()
        operation = tf.distribute.ReduceOp
        own = [tf.convert_to_tensor(v.value) for v in self._averaged]
        is_first = tf.equal(context.replica_id_in_sync_group, 0)
        first = context.all_reduce(
            operation.SUM,
            [tf.where(is_first, value, tf.zeros_like(value)) for value in own],
        )
        changes = context.all_reduce(
            operation.MEAN,
            [value - start for value, start in zip(own, first, strict=True)],
        )
        for variable, start, change in zip(
            self._averaged, first, changes, strict=True
        ):
            variable.assign(start + change)
