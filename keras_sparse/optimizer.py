"""The optimizer wrapper that keeps a model sparse while it trains."""

import warnings

import keras
import numpy as np
from keras import ops

from keras_sparse.backend import (
    conditional,
    dense,
    outside_graph,
    sum_over_replicas,
)
from keras_sparse.method import Method, Moment, SparseWeight
from keras_sparse.selection import exactly, select, unique_paths
from keras_sparse.slots import (
    build_and_record_slots,
    check_inner,
    keeps_zeros,
)
from keras_sparse.wrapper import OptimizerWrapper


class _State:
    """Hides lists and dicts from the tracking of Keras and TensorFlow."""

    def __init__(self):
        self.targets = {}  # id of a masked weight -> (name, weight, mask)
        self.slots = {}  # id of a weight -> its (slot, value when new)
        self.variables = []  # the model's trainable variables
        self.sums = []  # of their gradients, while accumulating
        self.static = False  # whether the masks never change
        # Whether TensorFlow traced the step that made the weights: they had
        # no values yet to be zeroed, so each step zeroes them.
        self.unborn = False
        self.restored = False  # whether made from a saved config


@keras.saving.register_keras_serializable(package="keras_sparse")
class SparseOptimizer(OptimizerWrapper):
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
            filters = self.filters
            if masks is not None:
                filters = exactly(masks)
            selected = select(variables, filters)
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
            state.variables = list(variables)
            self._add_variables(selected, masks)
            if not state.unborn:
                self.apply_masks()
            state.slots = build_and_record_slots(
                self.inner_optimizer, variables
            )

    def _check_needs_no_values(self):
        if not self._state.static and bool(self.method.due(0)):
            raise ValueError(
                "`model` must be built before training with a method that "
                f"prunes at step 0. Received: {self.method!r} and a model "
                "without keras.Input. Begin the model with keras.Input(shape) "
                "or call model.build(input_shape)."
            )

    def _add_variables(self, selected, masks):
        for name, variable in selected.items():
            mask = self.add_variable(
                tuple(variable.shape),
                _Constant(np.asarray(masks[name], dtype=bool)),
                dtype="bool",
                name=f"{name.replace('/', '_')}_mask",
            )
            self._state.targets[id(variable)] = (name, variable, mask)
        rate = ops.convert_to_numpy(self.inner_optimizer.learning_rate)
        self._peak_rate = self.add_variable(
            (), _Constant(rate), dtype="float32", name="peak_learning_rate"
        )
        self._mask_updates = self.add_variable(
            (), dtype="int32", name="mask_updates"
        )
        if self.gradient_accumulation_steps:
            self._micro_step = self.add_variable(
                (), dtype="int32", name="micro_step"
            )
            self._state.sums = self.add_optimizer_variables(
                self._state.variables, "gradient_sum"
            )

    @property
    def masks(self):
        """Dict: path of each masked variable -> boolean numpy array."""
        variables, targets = self._state.variables, self._state.targets
        return {
            path: ops.convert_to_numpy(targets[id(variable)][2])
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
        for _, variable, mask in self._state.targets.values():
            variable.assign(_masked(variable, mask))

    def apply(self, grads, trainable_variables=None):
        """Makes one step: trains inside the masks, or moves them.

        Args:
            grads: list of gradients, one per variable; None where there is
                none.
            trainable_variables: list of `keras.Variable`, or None: those that
                the optimizer was built with.
        """
        variables = self._known(trainable_variables)
        grads = list(grads)
        for i, (grad, variable) in enumerate(
            zip(grads, variables, strict=True)
        ):
            masked = id(variable) in self._state.targets
            if grad is not None and (masked or self._state.sums):
                grads[i] = dense(grad)
        if self.gradient_accumulation_steps:
            self._accumulate(grads, variables)
        else:
            self._step(grads, variables)

    def _known(self, variables):
        if variables is None:
            return self._state.variables
        variables = list(variables)
        if not self.built:
            self.build(variables)
        unknown = [v for v in variables if id(v) not in self._state.slots]
        if unknown:
            raise ValueError(
                "`optimizer` must have been built for the variables it is "
                f"given, but {unknown[0].path!r} and {len(unknown) - 1} others "
                "are unknown to it: it belongs to another model, or the model "
                "has changed since. Compile each model with an optimizer of "
                "its own."
            )
        return variables

    def _accumulate(self, grads, variables):
        steps = self.gradient_accumulation_steps
        places = {id(v): i for i, v in enumerate(self._state.variables)}
        sums = [self._state.sums[places[id(v)]] for v in variables]
        for grad, total in zip(grads, sums, strict=True):
            if grad is not None:
                total.assign_add(grad)
        self._micro_step.assign((self._micro_step + 1) % steps)

        def step(_):
            means = [
                None if grad is None else total / steps
                for grad, total in zip(grads, sums, strict=True)
            ]
            self._step(means, variables)
            for total in sums:
                total.assign(ops.zeros(total.shape, dtype=total.dtype))

        self._conditional(
            lambda: ops.equal(self._micro_step, 0), step, _do_nothing, []
        )

    def _step(self, grads, variables):
        def train(grads):
            self._train(grads, variables)

        def update(grads):
            self._update_masks(grads, variables)

        def due():
            return self.method.due(self.iterations)

        if self._state.static:
            train(grads)
        elif self.method.update_replaces_step:
            self._conditional(due, update, train, grads)
        else:
            train(grads)
            self._conditional(due, update, _do_nothing, grads)

    def _conditional(self, predicate, if_true, if_false, grads):
        assigned = self._state.variables + self.variables
        conditional(predicate, if_true, if_false, grads, assigned)

    def _train(self, grads, variables):
        targets = self._state.targets
        visible = list(grads)
        for i, (grad, variable) in enumerate(
            zip(grads, variables, strict=True)
        ):
            if grad is not None and id(variable) in targets:
                visible[i] = _masked(grad, targets[id(variable)][2])
        self.inner_optimizer.apply(visible, variables)
        safe = keeps_zeros(self.inner_optimizer) and not self._state.unborn
        for variable in variables:
            if id(variable) in targets and (not safe or variable.constraint):
                mask = targets[id(variable)][2]
                variable.assign(_masked(variable, mask))

    def _update_masks(self, grads, variables):
        """Runs on each replica, which all come to the same masks."""
        method, targets = self.method, self._state.targets
        pairs = [
            (*targets[id(variable)], grad)
            for grad, variable in zip(grads, variables, strict=True)
            if id(variable) in targets
        ]
        if method.needs_gradient:
            pairs = [pair for pair in pairs if pair[3] is not None]
            summed = sum_over_replicas([pair[3] for pair in pairs])
        else:
            summed = [None] * len(pairs)
        weights = [
            SparseWeight(
                path,
                ops.convert_to_tensor(variable),
                ops.convert_to_tensor(mask),
                grad,
            )
            for (path, variable, mask, _), grad in zip(
                pairs, summed, strict=True
            )
        ]
        new_masks = method.update(weights, self._moment())
        for pair, new in zip(pairs, new_masks, strict=True):
            _, variable, mask, _ = pair
            stayed = ops.logical_and(new, mask)
            variable.assign(_masked(variable, stayed))
            for slot, of_new in self._state.slots[id(variable)]:
                slot.assign(_masked(slot, stayed, of_new))
            mask.assign(new)
        self._mask_updates.assign_add(1)
        if method.update_replaces_step:
            self.inner_optimizer.iterations.assign_add(1)

    def _moment(self):
        rate = ops.cast(self.inner_optimizer.learning_rate, "float32")
        peak = ops.maximum(self._peak_rate, rate)
        self._peak_rate.assign(peak)
        ratio = ops.where(peak > 0, rate / ops.maximum(peak, 1e-30), 0.0)
        return Moment(ops.convert_to_tensor(self.iterations), ratio)

    def finalize_variable_values(self, var_list):
        super().finalize_variable_values(var_list)
        self.apply_masks()

    def load_own_variables(self, store):
        stored = [np.asarray(store[key]) for key in store.keys()]
        has_masks = any(array.dtype == bool for array in stored)
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
            places = {id(v): i for i, v in enumerate(self._state.variables)}
            filters = {
                name: places[id(variable)]
                for name, variable, _ in self._state.targets.values()
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


class _Constant(keras.initializers.Initializer):
    def __init__(self, value):
        self.value = value

    def __call__(self, shape, dtype=None):
        return ops.convert_to_tensor(self.value, dtype=dtype)


def _masked(tensor, mask, outside=0.0):
    tensor = ops.convert_to_tensor(tensor)
    outside = ops.cast(outside, tensor.dtype)
    return ops.where(ops.convert_to_tensor(mask), tensor, outside)


def _do_nothing(_):
    return None
