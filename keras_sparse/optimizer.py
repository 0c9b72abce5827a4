"""The optimizer wrapper that keeps a model sparse while it trains."""

import warnings

import keras
import numpy as np
from keras import ops

from keras_sparse.accumulation import AccumulatingWrapper, do_nothing
from keras_sparse.backend import dense, outside_graph
from keras_sparse.masked_weight import (
    Constant,
    masked_weights,
    seen_by_method,
)
from keras_sparse.method import Method, Moment, Update
from keras_sparse.selection import select, unique_paths
from keras_sparse.slots import (
    build_and_record_slots,
    check_inner,
    keeps_zeros,
)


class _State:
    """Hides a dict from the tracking of Keras and TensorFlow."""

    def __init__(self):
        self.targets = {}  # id of a masked weight -> MaskedWeight
        self.scalars = {}  # variables that the method asked for
        self.static = False  # whether the masks never change
        # Whether TensorFlow traced the step that made the weights: they had
        # no values yet to be zeroed, so each step zeroes them.
        self.unborn = False
        self.restored = False  # whether made from a saved config


@keras.saving.register_keras_serializable(package="keras_sparse")
class SparseOptimizer(AccumulatingWrapper):
    """Wraps a Keras optimizer and keeps the weights sparse.

    Weights outside their mask are exactly 0.0 in the variable itself after
    every step, so the model stays an ordinary Keras model. Masks are variables
    of this optimizer: they travel in the `.keras` file, and training resumes
    where it stopped. What you assign yourself, by `set_weights` or
    `load_weights`, is masked by `apply_masks()`, at the next mask update and at
    the end of `fit`.

    Args:
        inner: `keras.optimizers.Optimizer` not built yet, or its name. A
            `LossScaleOptimizer` goes outside; `compile` puts it there.
        method: a sparse training method such as `RigL(0.9)`.
        filters: which weights get a mask: None (every kernel and embedding but
            depthwise kernels), a regular expression searched in the variable's
            path, a list of them, or a function path -> bool. After loading:
            a dict, name of each masked variable -> its place in the model.
        name: str or None.

    Raises:
        ValueError: an argument is not as above, or, once the model is known,
            nothing matches `filters`.

    Source: Evci et al. 2020, arXiv:1911.11134; the shape is that of
        `keras.optimizers.LossScaleOptimizer`.

    Example:
        >>> import keras, keras_sparse as ks
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> model.compile(ks.SparseOptimizer("adam", ks.Static(0.75)), "mse")
        >>> x, y = keras.ops.ones((2, 8)), keras.ops.ones((2, 4))
        >>> history = model.fit(x, y, verbose=0)
        >>> list(ks.sparsity(model).values())
        [0.75]
    """

    def __init__(self, inner, method, filters=None, name=None):
        inner = keras.optimizers.get(inner)
        check_inner(inner)
        if not isinstance(method, Method):
            raise ValueError(
                "`method` must be a sparse training method such as RigL(0.9). "
                f"Received: method={method!r}. Make one of its classes."
            )
        super().__init__(inner, name=name)
        self.method = method
        self.filters = filters
        self._state = _State()

    def build(self, variables, masks=None):
        """Makes the masks and zeroes the weights outside them.

        Args:
            variables: list of the model's trainable `keras.Variable`.
            masks: dict path -> 0/1 array to start from, or None: the method
                draws them.
        """
        if self.built:
            return
        state = self._state
        with outside_graph():
            if masks is not None:
                self.method.check_masks(masks)
            selected = self._select(variables, masks)
            values = {p: ops.convert_to_numpy(v) for p, v in selected.items()}
            state.static = self.method.due(0) is None
            state.unborn = any(
                value.shape != tuple(selected[path].shape)
                for path, value in values.items()
            )
            if state.unborn:
                self._check_needs_no_values()
                values = {p: np.zeros(v.shape) for p, v in selected.items()}
            if masks is None:
                masks = self.method.initial_masks(values)
            super().build(variables)
            targets = masked_weights(
                self.add_variable, self.method, selected, masks, values
            )
            state.targets = {id(t.variable): t for t in targets}
            self._add_counters()
            self._add_sums(variables)
            if not state.unborn:
                self.apply_masks()
            slots = build_and_record_slots(self.inner_optimizer, variables)
            for target in targets:
                target.slots = slots[id(target.variable)]

    def _select(self, variables, masks):
        if masks is None:
            return select(variables, self.filters)
        every = select(variables, filters=".")
        return {path: v for path, v in every.items() if path in masks}

    def _check_needs_no_values(self):
        if self.method.reads_initial_values():
            raise ValueError(
                "`model` must be built before training with a method that "
                f"prunes at step 0. Received: {self.method!r} and a model "
                "without keras.Input. Begin the model with keras.Input(shape) "
                "or call model.build(input_shape)."
            )

    def _add_counters(self):
        rate = ops.convert_to_numpy(self.inner_optimizer.learning_rate)
        self._peak_rate = self.add_variable(
            (), Constant(rate), dtype="float32", name="peak_learning_rate"
        )
        self._mask_updates = self.add_variable(
            (), dtype="int32", name="mask_updates"
        )
        for name, start in self.method.scalars.items():
            self._state.scalars[name] = self.add_variable(
                (), Constant(start), dtype="float32", name=name
            )

    @property
    def masks(self):
        """Dict: path of each masked variable -> boolean numpy array."""
        targets, variables = self._state.targets, self._sums.variables
        return {
            path: ops.convert_to_numpy(targets[id(variable)].mask)
            for path, variable in zip(
                unique_paths(variables), variables, strict=True
            )
            if id(variable) in targets
        }

    @property
    def mask_updates(self):
        """int, how often the masks have been updated; 0 before training."""
        if not self.built:
            return 0
        return int(ops.convert_to_numpy(self._mask_updates))

    def apply_masks(self):
        """Sets every weight outside its mask to 0.0, at once."""
        for target in self._state.targets.values():
            target.hide()

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

    def finalize_variable_values(self, var_list):
        super().finalize_variable_values(var_list)
        self.apply_masks()
        empty = [path for path, mask in self.masks.items() if not mask.any()]
        if empty:
            warnings.warn(
                f"No weight is left in {', '.join(empty)}: the layer's output "
                "is its bias. Lower the sparsity, or share it by layer.",
                stacklevel=2,
            )

    def load_own_variables(self, store):
        has_masks = any(store[key].dtype == bool for key in store.keys())
        untrained = self.built and not ops.convert_to_numpy(self.iterations)
        if has_masks and not self.built:
            raise ValueError(
                "`optimizer` must be built before masks are loaded into it. "
                "Received: a file with masks. Call optimizer.build("
                "model.trainable_variables) first, or load the whole model "
                "with keras.models.load_model."
            )
        if has_masks:
            super().load_own_variables(store)
        elif untrained and self._state.restored:
            # Keras builds before it loads the weights, which these masks do
            # not know yet. Training builds again.
            inner = self.get_config()["inner"]
            inner = keras.saving.deserialize_keras_object(inner)
            self.__init__(inner, self.method, self.filters, self.name)
        elif self.built:
            warnings.warn(
                "The file holds no masks, so the masks stay as they are. Call "
                "optimizer.apply_masks() when the weights are loaded.",
                stacklevel=2,
            )

    def get_config(self):
        # Names and places, because a Sequential model loses its own name from
        # the paths of its variables when it is loaded.
        filters = self.filters
        if self.built:
            places = {id(v): i for i, v in enumerate(self._sums.variables)}
            filters = {
                target.name: places[key]
                for key, target in self._state.targets.items()
            }
        method = keras.saving.serialize_keras_object(self.method)
        return {
            **super().get_config(),
            "method": method,
            "filters": filters,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for name in ("inner", "method"):
            config[name] = keras.saving.deserialize_keras_object(
                config[name], custom_objects=custom_objects
            )
        optimizer = cls(**config)
        optimizer._state.restored = True
        return optimizer
