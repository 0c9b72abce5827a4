"""An optimizer that stands before another one and passes things on."""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import keras

from keras_sparse._types import Tensor


class OptimizerWrapper(keras.optimizers.Optimizer):
    """Base of optimizers that wrap another: passes on what Keras asks for."""

    def __init__(
        self, inner: keras.optimizers.Optimizer, name: str | None = None
    ) -> None:
        super().__init__(learning_rate=0.0, name=name)
        self.inner_optimizer = inner

    @property
    def variables(self) -> list[keras.Variable]:
        """All of them: masks and counters, then the inner optimizer's."""
        return super().variables + self.inner_optimizer.variables

    @property
    def iterations(self) -> keras.Variable:
        """Optimizer steps done: the inner optimizer's variable."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Tensor:
        """The inner optimizer's; set it as of a Keras optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    @property
    def loss_scale_factor(self) -> float | None:
        """float or None, as of `keras.optimizers.Optimizer`."""
        return self.inner_optimizer.loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, factor: float | None) -> None:
        # The base class sets it before there is an inner optimizer.
        if hasattr(self, "inner_optimizer"):
            self.inner_optimizer.loss_scale_factor = factor

    def exclude_from_weight_decay(
        self,
        var_list: Sequence[keras.Variable] | None = None,
        var_names: Sequence[str] | None = None,
    ) -> None:
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    def scale_loss(self, loss: Tensor) -> Tensor:
        return self.inner_optimizer.scale_loss(loss)

    def finalize_variable_values(
        self, var_list: Sequence[keras.Variable]
    ) -> None:
        self.inner_optimizer.finalize_variable_values(var_list)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        # Keras visits the inner optimizer by itself.
        for i, variable in enumerate(super().variables):
            store[str(i)] = keras.ops.convert_to_numpy(variable)

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        own = super().variables
        keys = list(store.keys())
        if len(keys) != len(own):
            raise ValueError(
                f"`optimizer` must fit the file: it has {len(own)} variables "
                f"of its own, the file {len(keys)}. Load the file with "
                "keras.models.load_model, or with compile=False for the "
                "weights alone."
            )
        for i, variable in enumerate(own):
            variable.assign(store[str(i)])

    def get_config(self) -> dict[str, Any]:
        inner = keras.saving.serialize_keras_object(self.inner_optimizer)
        return {"inner": inner, "name": self.name}
