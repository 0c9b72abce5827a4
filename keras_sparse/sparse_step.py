"""One step of a sparse optimizer: train inside the masks, or move them."""

import keras
from keras import ops

from keras_sparse.accumulation import AccumulatingWrapper, do_nothing
from keras_sparse.backend import dense
from keras_sparse.masked_weight import seen_by_method
from keras_sparse.method import Method, Moment, Update
from keras_sparse.slots import keeps_zeros


class State:
    """Hides a dict from the tracking of Keras and TensorFlow."""

    def __init__(self):
        self.targets = {}  # id of a masked weight -> MaskedWeight
        self.scalars = {}  # variables that the method asked for
        self.static = False  # whether the masks never change
        # Whether TensorFlow traced the step that made the weights: they had
        # no values yet to be zeroed, so each step zeroes them.
        self.unborn = False
        self.restored = False  # whether made from a saved config


class SparseStep(AccumulatingWrapper):
    """Base of `SparseOptimizer`; what happens to the gradients of a step."""

    def __init__(
        self,
        inner: keras.optimizers.Optimizer,
        method: Method,
        name: str | None = None,
    ) -> None:
        super().__init__(inner, name=name)
        self.method = method
        self._state = State()

    def _step(self, grads, variables):
        targets = [self._state.targets.get(id(v)) for v in variables]
        grads = [
            grad if grad is None or target is None else dense(grad)
            for grad, target in zip(grads, targets, strict=True)
        ]

        def train(grads):
            self._train(grads, variables, targets)

        def update(grads):
            self._update_masks(grads, targets)

        def due():
            return self.method.due(self.iterations)

        if self.method.observes:
            self._observe(grads, targets)
        if self._state.static:
            train(grads)
        elif self.method.update_replaces_step:
            self._conditional(due, update, train, grads)
        else:
            train(grads)
            self._conditional(due, update, do_nothing, grads)

    def _train(self, grads, variables, targets):
        visible = list(grads)
        for i, (grad, target) in enumerate(zip(grads, targets, strict=True)):
            if target is not None and grad is not None:
                weight = target.seen(grad)
                visible[i] = self.method.visible_gradient(weight)
        masked = [target for target in targets if target is not None]
        for target in masked:
            target.reveal()
        self.inner_optimizer.apply(visible, variables)
        safe = keeps_zeros(self.inner_optimizer) and not self._state.unborn
        safe = safe and not self.method.keeps_dormant_weights
        for target in masked:
            target.remember()
            if not safe or target.variable.constraint:
                target.hide()

    def _observe(self, grads, targets):
        seen, weights = seen_by_method(grads, targets, with_gradients=True)
        memories = self.method.observe(weights, self._moment())
        for target, memory in zip(seen, memories, strict=True):
            target.keep(memory)

    def _update_masks(self, grads, targets):
        """Runs on each replica, which all come to the same masks."""
        method = self.method
        seen, weights = seen_by_method(grads, targets, method.needs_gradient)
        found = method.update(weights, self._moment())
        if not isinstance(found, Update):
            found = Update(found)
        nothing = [None] * len(seen)
        for target, mask, value, memory in zip(
            seen,
            found.masks,
            found.values or nothing,
            found.memories or nothing,
            strict=True,
        ):
            target.move(mask, value)
            target.keep(memory or {})
        for name, value in (found.scalars or {}).items():
            self._state.scalars[name].assign(value)
        self._mask_updates.assign_add(1)
        if method.update_replaces_step:
            self.inner_optimizer.iterations.assign_add(1)

    def _moment(self):
        rate = ops.cast(self.inner_optimizer.learning_rate, "float32")
        peak = ops.maximum(self._peak_rate, rate)
        self._peak_rate.assign(peak)
        ratio = ops.where(peak > 0, rate / ops.maximum(peak, 1e-30), 0.0)
        scalars = {
            name: ops.convert_to_tensor(variable)
            for name, variable in self._state.scalars.items()
        }
        step = ops.convert_to_tensor(self.iterations)
        return Moment(step, ratio, rate, scalars)
