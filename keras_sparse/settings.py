"""What the main job is asked to do."""

import dataclasses

from keras_sparse._types import Distribution
from keras_sparse.config import check_choice, check_count, check_fraction
from keras_sparse.device_profiles import PROFILES
from keras_sparse.fixed_budget import DISTRIBUTIONS
from keras_sparse.magnitude_pruning import MagnitudePruning
from keras_sparse.models import MODELS
from keras_sparse.rigl import SET, RigL, Static
from keras_sparse.schedules import PolynomialDecay

METHODS = ("rigl", "set", "static", "magnitude")
STRATEGIES = ("none", "mirrored", "multiworker", "tpu")
_LAST_UPDATE = 0.75  # of all steps: the RigL paper's choice


@dataclasses.dataclass(frozen=True)
class Settings:
    """The arguments of `keras-sparse train` that change its result.

    Attributes:
        dataset, data_dir: as in `keras_sparse.datasets.load`.
        model: "mlp" or "cnn".
        method: "rigl", "set", "static" or "magnitude".
        sparsity: float in [0, 1), share of zeros at the end.
        distribution: how "rigl", "set" and "static" share the zeros.
        device_profile: name of a `keras_sparse.device_profile` whose pattern
            the method gets; empty: single weights.
        filters: tuple of regular expressions, which weights get a mask;
            empty: all kernels.
        epochs: int; 0: 50 for "digits", else 10.
        batch_size: int; 0: 32 for "digits", else 128.
        learning_rate: positive float, start of a cosine decay to 0.
        update_every: int, steps between mask updates; 0: a fortieth of all
            steps, at most 100.
        seed: int from 0.
        strategy: "none", "mirrored", "multiworker" or "tpu", as in
            `keras_sparse.distributed.strategy`.
    """

    dataset: str = "digits"
    data_dir: str | None = None
    model: str = "mlp"
    method: str = "rigl"
    sparsity: float = 0.9
    distribution: Distribution = "erk"
    device_profile: str = ""
    filters: tuple = ()
    epochs: int = 0
    batch_size: int = 0
    learning_rate: float = 0.1
    update_every: int = 0
    seed: int = 0
    strategy: str = "none"

    def __post_init__(self):
        check_choice("model", self.model, tuple(MODELS))
        check_choice("method", self.method, METHODS)
        check_fraction("sparsity", self.sparsity)
        check_choice("distribution", self.distribution, tuple(DISTRIBUTIONS))
        check_choice("strategy", self.strategy, STRATEGIES)
        check_choice("device_profile", self.device_profile, ("", *PROFILES))
        for name in ("epochs", "batch_size", "update_every", "seed"):
            check_count(name, getattr(self, name), 0)
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(
                "`learning_rate` must be a positive number. Received: "
                f"learning_rate={self.learning_rate!r}. 0.1 is the default."
            )

    def with_defaults(self):
        """The same with a number in place of each 0 that means a default."""
        small = self.dataset == "digits"
        return dataclasses.replace(
            self,
            epochs=self.epochs or (50 if small else 10),
            batch_size=self.batch_size or (32 if small else 128),
        )

    def make_method(self, steps):
        """The sparse training method for a run of so many steps."""
        every = self.update_every or max(1, min(100, steps // 40))
        end = max(1, int(_LAST_UPDATE * steps))
        if self.method == "magnitude":
            begin = steps // 10
            end = max(end, begin + 1)
            return MagnitudePruning(
                PolynomialDecay(0.0, self.sparsity, begin, end, frequency=every)
            )
        if self.method == "static":
            return Static(self.sparsity, self.distribution, seed=self.seed)
        kind = {"rigl": RigL, "set": SET}[self.method]
        return kind(
            self.sparsity,
            self.distribution,
            update_every=every,
            update_until=end,
            seed=self.seed,
        )
