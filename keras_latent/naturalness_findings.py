"""What `naturalness` found, and how sure that is."""

import dataclasses

import numpy as np

SURE = 1.96  # standard deviations of 95 % confidence


@dataclasses.dataclass(frozen=True)
class NaturalnessFindings:
    """The naturalness of directions; `float(found)` is the mean of all.

    Attributes:
        reference: float64 array (directions,), accuracy of the classifier of
            generated images on other generated images.
        real: float64 array (directions,), accuracy of the classifier of real
            images on other real images, labelled by the first.
        returned: float64 array (directions,), accuracy of the classifier of
            real images on generated ones: the naturalness.
        rarer: float64 array (directions,) in [0, 0.5], share of real images
            to which the first classifier gave the rarer of its two labels.
        samples: int, images by which each was measured.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> accuracies = np.array([[1.0], [0.9], [0.75], [0.5]])
        >>> found = kl.NaturalnessFindings(*accuracies, samples=160)
        >>> float(found), found.degenerate.tolist()
        (0.75, [False])
    """

    reference: np.ndarray
    real: np.ndarray
    returned: np.ndarray
    rarer: np.ndarray
    samples: int

    @property
    def degenerate(self) -> np.ndarray:
        """Whether all real images got one label.

        Then nothing is learned from them, and `returned` is 0.5 but for
        chance; nearly so where `rarer` is a few hundredths.

        Returns:
            bool array (directions,).
        """
        return self.rarer == 0

    @property
    def intervals(self) -> np.ndarray:
        """95 % intervals of `returned`.

        Of the measurement alone (Wilson's score): other classifiers, from
        another seed, differ by more.

        Returns:
            float64 array (directions, 2).
        """
        return wilson_interval(self.returned, self.samples)

    @property
    def mean(self) -> float:
        """The mean of `returned`."""
        return float(np.mean(self.returned))

    @property
    def standard_error(self) -> float:
        """Of the mean, as of directions drawn at random; NaN for one."""
        if len(self.returned) < 2:
            return float("nan")
        spread = np.std(self.returned, ddof=1)
        return float(spread / np.sqrt(len(self.returned)))

    def __float__(self) -> float:
        return self.mean


def wilson_interval(shares, samples):
    """95 % intervals of shares that were measured by so many samples.

    Args:
        shares: float array in [0, 1].
        samples: int from 1.

    Returns:
        float64 array (..., 2).

    Source: Wilson 1927, "Probable inference, the law of succession, and
        statistical inference".

    Example:
        >>> from keras_latent.naturalness_findings import wilson_interval
        >>> wilson_interval(0.5, 100).round(3).tolist()
        [0.404, 0.596]
    """
    shares, odds = np.asarray(shares, "float64"), SURE**2 / samples
    middle = shares + odds / 2
    around = np.sqrt(shares * (1 - shares) * odds + odds**2 / 4)
    ends = np.stack([middle - around, middle + around], axis=-1)
    return np.clip(ends / (1 + odds), 0.0, 1.0)
