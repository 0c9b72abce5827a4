"""The optimizer wrapper that keeps a model sparse while it trains."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from keras_sparse._types import Filters, MaskLike, Masks
from keras_sparse.backend import outside_graph
from keras_sparse.given_masks import check_masks
from keras_sparse.masked_weight import Constant, masked_weights
from keras_sparse.method import Method
from keras_sparse.selection import select, unique_paths
from keras_sparse.slots import build_and_record_slots, inner_optimizer
from keras_sparse.sparse_step import SparseStep


@keras.saving.register_keras_serializable(package="keras_sparse")
class SparseOptimizer(SparseStep):
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

    def __init__(
        self,
        inner: keras.optimizers.Optimizer | str,
        method: Method,
        filters: Filters = None,
        name: str | None = None,
    ) -> None:
        inner = inner_optimizer(inner)
        if not isinstance(method, Method):
            raise ValueError(
                "`method` must be a sparse training method such as RigL(0.9). "
                f"Received: method={method!r}. Make one of its classes."
            )
        super().__init__(inner, method, name=name)
        self.filters = filters

    def build(
        self, variables: Sequence[keras.Variable], masks: MaskLike | None = None
    ) -> None:
        """Makes the masks and zeroes the weights outside them.

        Args:
            variables: list of the model's trainable `keras.Variable`.
            masks: dict path -> 0/1 array to start from, or None: the method
                draws them.

        Raises:
            ValueError: `filters` matches nothing, `masks` do not fit, or the
                method reads initial weights that have no values yet.
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
                f"reads its initial weights. Received: {self.method!r} and a "
                "model without keras.Input. Begin the model with "
                "keras.Input(shape) or call model.build(input_shape)."
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
    def masks(self) -> Masks:
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
    def mask_updates(self) -> int:
        """int, how often the masks have been updated; 0 before training."""
        if not self.built:
            return 0
        return int(ops.convert_to_numpy(self._mask_updates))

    def apply_masks(self) -> None:
        """Sets every weight outside its mask to 0.0, at once."""
        for target in self._state.targets.values():
            target.hide()

    def set_masks(self, masks: MaskLike) -> None:
        """Changes masks by hand, at once; weights that are new start at 0.

        Args:
            masks: dict path -> 0/1 array, with paths of `masks`; what is left
                out keeps its mask.

        Raises:
            ValueError: the optimizer is not built, or masks do not fit.
        """
        if not self.built:
            raise ValueError(
                "`optimizer` must be built before its masks are set. Received: "
                f"{self.name!r}, not built. Use sparsify(model, optimizer, "
                "method, masks)."
            )
        targets = dict(
            zip(self.masks, self._state.targets.values(), strict=True)
        )
        check_masks(masks, {p: t.variable for p, t in targets.items()})
        self.method.check_masks(masks)
        for path, mask in masks.items():
            mask = ops.convert_to_tensor(np.asarray(mask, dtype=bool))
            targets[path].move(mask)

    def finalize_variable_values(
        self, var_list: Sequence[keras.Variable]
    ) -> None:
        super().finalize_variable_values(var_list)
        self.apply_masks()
        empty = [path for path, mask in self.masks.items() if not mask.any()]
        if empty:
            warnings.warn(
                f"No weight is left in {', '.join(empty)}: the layer's output "
                "is its bias. Lower the sparsity, or share it by layer.",
                stacklevel=2,
            )

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
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
            SparseOptimizer.__init__(
                self, inner, self.method, self.filters, self.name
            )
        elif self.built:
            warnings.warn(
                "The file holds no masks, so the masks stay as they are. Call "
                "optimizer.apply_masks() when the weights are loaded.",
                stacklevel=2,
            )

    def get_config(self) -> dict[str, Any]:
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
    def from_config(
        cls,
        config: Mapping[str, Any],
        custom_objects: Mapping[str, Any] | None = None,
    ) -> Self:
        config = dict(config)
        for name in ("inner", "method"):
            config[name] = keras.saving.deserialize_keras_object(
                config[name], custom_objects=custom_objects
            )
        optimizer = cls(**config)
        optimizer._state.restored = True
        return optimizer
