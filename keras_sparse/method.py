"""What a sparse training method is, and what it is told."""

import dataclasses
from collections.abc import Mapping, Sequence

from keras import ops

from keras_sparse._types import MaskLike, Masks, Tensor
from keras_sparse.config import Configurable
from keras_sparse.pattern import Pattern, check_masks


@dataclasses.dataclass(frozen=True)
class SparseWeight:
    """One masked weight as a method sees it; tensors of one shape.

    Attributes:
        path: str, the variable's path when its mask was made.
        value: float tensor, exactly 0 outside `mask` unless the method
            `keeps_dormant_weights`.
        mask: boolean tensor, true = live.
        gradient: float tensor, the dense gradient, or None where the method
            does not ask for it. Summed over replicas, but for
            `Method.visible_gradient`, which sees that of one replica.
        memory: dict name -> float tensor, as of `Method.memory`.

    Example:
        >>> import numpy as np, keras_sparse as ks
        >>> live = np.array([True, False])
        >>> ks.SparseWeight("a/kernel", np.array([0.5, 0.0]), live).gradient
    """

    path: str
    value: Tensor
    mask: Tensor
    gradient: Tensor = None
    memory: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Moment:
    """When an update happens.

    Attributes:
        step: integer scalar tensor, optimizer steps done so far.
        learning_rate_ratio: float scalar tensor in [0, 1], the learning rate
            over the largest one seen at an update so far.
        learning_rate: float scalar tensor.
        scalars: dict name -> float scalar tensor, as of `Method.scalars`.

    Example:
        >>> import keras_sparse as ks
        >>> ks.Moment(step=100, learning_rate_ratio=1.0).scalars
        {}
    """

    step: Tensor
    learning_rate_ratio: Tensor
    learning_rate: Tensor = 0.0
    scalars: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Update:
    """What a mask update changes; what is None stays as it is.

    Attributes:
        masks: list of boolean tensors, one per weight.
        values: list of float tensors, the new weights; those that were not
            live become 0 whatever stands there.
        memories: list of dicts name -> tensor, as of `Method.memory`.
        scalars: dict name -> float scalar tensor, as of `Method.scalars`.

    Example:
        >>> import numpy as np, keras_sparse as ks
        >>> ks.Update(masks=[np.array([True, False])]).values is None
        True
    """

    masks: Sequence[Tensor]
    values: Sequence[Tensor] | None = None
    memories: Sequence[Mapping[str, Tensor]] | None = None
    scalars: Mapping[str, Tensor] | None = None


class Method(Configurable):
    """Decides the masks; `SparseOptimizer` does the rest.

    A method says which masks training starts from (`initial_masks`), at which
    steps they change (`due`), and how (`update`). It keeps no variables, but
    may ask the optimizer for some: `memory` and `scalars`.

    Example:
        >>> import keras, numpy as np, keras_sparse as ks
        >>> class FirstRows(ks.Method):
        ...     def initial_masks(self, weights):
        ...         return {p: np.arange(len(w))[:, None] < 2 + 0 * w
        ...                 for p, w in weights.items()}
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> optimizer = ks.sparsify(model, "adam", FirstRows())
        >>> [int(mask.sum()) for mask in optimizer.masks.values()]
        [8]
    """

    #: Whether an update takes the place of that step's gradient step.
    update_replaces_step = False
    #: Whether `update` reads `SparseWeight.gradient`.
    needs_gradient = False
    #: Whether `observe` is called, with the dense gradients, at every step.
    observes = False
    #: Whether weights outside the mask keep a value and may train, unseen by
    #: the model. Else they are forgotten, and come back as 0 with new slots.
    keeps_dormant_weights = False
    #: Names of float variables to keep per masked weight, of its shape.
    memory: tuple[str, ...] = ()
    #: Float variables to keep, dict name -> initial value.
    scalars: Mapping[str, float] = {}
    #: What is kept or dropped as a whole; None: single weights.
    pattern: Pattern | None = None

    def reads_initial_values(self) -> bool:
        """Whether `initial_masks` reads values, not shapes alone."""
        return False

    def initial_masks(self, weights: Mapping[str, Tensor]) -> Masks:
        """The masks that training starts from.

        Args:
            weights: dict path -> array of the initial values; zeros where the
                method does not ask for them by `reads_initial_values`.

        Returns:
            Dict path -> boolean array of the weight's shape, true = live.
        """
        raise NotImplementedError

    def check_masks(self, masks: MaskLike) -> None:
        """Refuses masks that this method cannot start from.

        Args:
            masks: dict path -> 0/1 array, as a user gave them.

        Raises:
            ValueError: a mask does not follow the pattern.
        """
        check_masks(self.pattern, masks)

    def initial_memory(
        self, weights: Mapping[str, Tensor], masks: Masks
    ) -> dict[str, dict[str, Tensor]]:
        """What the variables named in `memory` start with.

        Args:
            weights: dict path -> array of the initial values.
            masks: dict path -> boolean array, true = live.

        Returns:
            Dict name -> dict path -> array; what is left out starts at 0.
        """
        return {}

    def due(self, step: Tensor) -> Tensor | None:
        """Whether the masks are updated once `step` steps are done.

        Args:
            step: int or integer scalar tensor.

        Returns:
            Boolean scalar tensor, or None: the masks never change.
        """
        return None

    def visible_gradient(self, weight: SparseWeight) -> Tensor:
        """The gradient of one weight that the inner optimizer gets.

        Args:
            weight: `SparseWeight` with the dense gradient of one replica.

        Returns:
            Float tensor of its shape: here 0 outside the mask.
        """
        return ops.where(
            weight.mask, weight.gradient, ops.zeros_like(weight.gradient)
        )

    def observe(
        self, weights: Sequence[SparseWeight], moment: Moment
    ) -> Sequence[dict[str, Tensor]]:
        """Sees the dense gradients of every step, where `observes` is true.

        Args:
            weights: list of `SparseWeight`, gradients summed over replicas.
            moment: `Moment`.

        Returns:
            List of dicts name -> float tensor, the new `memory` of each.
        """
        raise NotImplementedError

    def update(
        self, weights: Sequence[SparseWeight], moment: Moment
    ) -> Sequence[Tensor] | Update:
        """Changes the masks; called at steps that are `due`.

        Args:
            weights: list of `SparseWeight`; with gradients, summed over
                replicas, where `needs_gradient` is true.
            moment: `Moment`.

        Returns:
            List of boolean tensors, the new mask of each, or an `Update`.
        """
        raise NotImplementedError
