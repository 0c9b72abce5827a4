"""How often a reconstructor tells which direction was taken: the RCA."""

import dataclasses

import keras
import numpy as np

from _keras_sparse_common.arguments import check_count


@dataclasses.dataclass(frozen=True)
class ReconstructionAccuracy:
    """The accuracy of a reconstructor; `float(found)` is that of all.

    Attributes:
        accuracies: float64 array (directions,) in [0, 1].
        samples: int, pairs that were judged.
        shift_error: float from 0, mean absolute error of the shifts.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> found = kl.ReconstructionAccuracy(np.array([1.0, 0.5]), 64, 0.1)
        >>> found.accuracy, found.chance
        (0.75, 0.5)
    """

    accuracies: np.ndarray
    samples: int
    shift_error: float

    @property
    def accuracy(self) -> float:
        """Mean of `accuracies`."""
        return float(np.mean(self.accuracies))

    @property
    def standard_error(self) -> float:
        """Of the accuracy, as of so many independent pairs."""
        share = self.accuracy
        return float(np.sqrt(share * (1 - share) / self.samples))

    @property
    def chance(self) -> float:
        """Accuracy of a guess."""
        return 1 / len(self.accuracies)

    def __float__(self) -> float:
        return self.accuracy


def reconstruction_accuracy(
    discovery: keras.Model, samples: int = 3200, batch_size: int = 32
) -> ReconstructionAccuracy:
    """Measures which directions the reconstructor of a discovery tells.

    On pairs that were not trained on, in inference mode, always the same.

    Args:
        discovery: compiled `DirectionDiscovery`.
        samples: int, pairs, as many as directions at least.
        batch_size: int from 1.

    Returns:
        `ReconstructionAccuracy`.

    Raises:
        ValueError: fewer samples than directions, an object that is no
            discovery.

    Source: Voynov & Babenko 2020, arXiv:2002.03754, section 4.1;
        `validate_classifier` in trainer.py of anvoynov/GANLatentDiscovery.
    Differs from the authors' code: both images of a pair have the same
        conditioning; each direction is taken equally often.

    Example:
        >>> import keras, keras_latent as kl
        >>> pair = keras.Input((4,))
        >>> heads = [keras.layers.Dense(n)(pair) for n in (2, 1)]
        >>> reconstructor = keras.Model(pair, heads)
        >>> found = kl.DirectionDiscovery(lambda z: z, reconstructor, 2, 2)
        >>> found.compile()
        >>> kl.reconstruction_accuracy(found, samples=100).chance
        0.5
    """
    count = getattr(discovery, "num_directions", None)
    if count is None or not getattr(discovery, "compiled", False):
        raise ValueError(
            "`discovery` must be a compiled `DirectionDiscovery`. Received: "
            f"{type(discovery).__name__}. Call `compile()`."
        )
    check_count("samples", samples, minimum=count)
    logs = discovery.evaluate(samples, batch_size, return_dict=True, verbose=0)
    right, seen = (
        keras.ops.convert_to_numpy(counts).astype("float64")
        for counts in discovery.counts()
    )
    return ReconstructionAccuracy(right / seen, samples, logs["shift_error"])
