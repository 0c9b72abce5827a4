"""Whether images keep to the range of values that was declared."""

import warnings

import numpy as np

OVERSHOOT = 0.01  # of the declared width: resizing leaves it by so much
REACHED = 0.05  # of the declared width: so near to an end is at the end
UNUSED = 0.5  # of the declared width


def check_image_range(image_range):
    """Raises unless `image_range` is None or (low, high) with low < high.

    Args:
        image_range: None, or pair of finite numbers.

    Returns:
        None, or a pair of floats.

    Raises:
        ValueError: anything else.
    """
    if image_range is None:
        return None
    ends = np.asarray(image_range)
    numbers = ends.shape == (2,) and ends.dtype.kind in "iuf"
    if not numbers or not np.isfinite(ends).all() or ends[0] >= ends[1]:
        raise ValueError(
            "`image_range` must be (low, high), two finite numbers of which "
            f"the first is less. Received: image_range={image_range!r}. "
            "Images of a tanh are in (-1, 1), bytes in (0, 255)."
        )
    return float(ends[0]), float(ends[1])


class RangeWatch:
    """Measures images, and warns of a range that is not as declared.

    It warns where values leave the declared range, and where they reach one
    end of it and leave half or more unused, as images in [0, 1] do in a
    declared (-1, 1) or (0, 255). A dull picture in the middle is no reason.

    Args:
        name: str, the argument to name.
        image_range: (low, high); or None: nothing is measured.

    Raises:
        ValueError: a range that is none.

    Example:
        >>> from keras_latent.image_range import RangeWatch
        >>> watch = RangeWatch("real", (0, 1))
        >>> watch.see(np.array([0.0, 0.6]))
        >>> watch.see(np.array([1.0]))
        >>> watch.tell()
    """

    def __init__(self, name, image_range):
        self.name = name
        self.declared = check_image_range(image_range)
        self.least, self.most = np.inf, -np.inf

    def see(self, batch):
        """Measures an array with at least one number."""
        if self.declared is not None:
            self.least = min(self.least, float(np.min(batch)))
            self.most = max(self.most, float(np.max(batch)))

    def tell(self):
        """Warns when what was seen is not in the declared range."""
        if self.declared is None:
            return
        (low, high), least, most = self.declared, self.least, self.most
        width = high - low
        outside = max(low - least, most - high) > OVERSHOOT * width
        at_an_end = min(least - low, high - most) <= REACHED * width
        if outside or (at_an_end and most - least <= (1 - UNUSED) * width):
            warnings.warn(
                f"`{self.name}` was declared in `image_range`=({low:g}, "
                f"{high:g}), and its images are from {least:g} to {most:g}. "
                "Features of images in another range mean little: rescale "
                "them or declare theirs.",
                stacklevel=2,
            )
