"""A generator that is called twice with the same conditioning."""

import keras
import numpy as np

from keras_latent.frozen_networks import call_frozen

DIFFERENT = 1e-5  # of the largest output: more is no rounding


class GeneratorCalls:
    """From latents to features, with the conditioning of each row.

    Args:
        generator: Keras model, or function of latents and keyword arguments.
        features: Keras model or function of images; None: the images.
        conditioning: None, or dict of keyword arguments. Arrays have a row
            for each sample, anything else is passed on as it is.
        samples: int, rows in all.
        watch: `RangeWatch` that sees the images.

    Raises:
        ValueError: conditioning that is no dict, arrays of other lengths.

    Example:
        >>> from keras_latent.generator_calls import GeneratorCalls
        >>> from keras_latent.image_range import RangeWatch
        >>> def generator(z, shift):
        ...     return z + shift
        >>> shift = np.arange(4.0)[:, None]
        >>> watch = RangeWatch("generator", None)
        >>> calls = GeneratorCalls(generator, None, {"shift": shift}, 4, watch)
        >>> calls(np.zeros((2, 1)), slice(2, 4)).tolist()
        [[2.0], [3.0]]
    """

    def __init__(self, generator, features, conditioning, samples, watch):
        if not isinstance(conditioning or {}, dict):
            raise ValueError(
                "`conditioning` must be a dict of keyword arguments of the "
                f"generator. Received: {type(conditioning).__name__}."
            )
        self.generator = generator
        self.features = features
        self.watch = watch
        self.conditioning = conditioning or {}
        for name, value in self.conditioning.items():
            if _has_rows(value) and value.shape[0] != samples:
                raise ValueError(
                    f"`conditioning` must have a row for each of the {samples} "
                    f"samples. Received: {name!r} of shape "
                    f"{tuple(value.shape)}."
                )

    def __call__(self, latents, rows):
        """Features of latents; `rows` is the slice of samples they are."""
        images = self._images(latents, rows)
        self.watch.see(images)
        if self.features is None:
            return images
        return call_frozen(self.features, images)

    def check_repeats(self, latents, rows):
        """Raises unless the same latents give the same images twice."""
        once, again = self._images(latents, rows), self._images(latents, rows)
        difference = np.abs(once - again).max()
        if difference > DIFFERENT * np.abs(once).max():
            raise ValueError(
                "`generator` must give the same images for the same latents, "
                "else its noise is taken for path. Received: images that "
                f"differ by {difference:g}. Fix its noise, or give classes by "
                "`conditioning`."
            )

    def _images(self, latents, rows):
        frozen = isinstance(self.generator, keras.Layer)
        options = {"training": False} if frozen else {}
        for name, value in self.conditioning.items():
            options[name] = value[rows] if _has_rows(value) else value

        def generator(latents):
            return self.generator(latents, **options)

        images = call_frozen(generator, latents)
        if images.ndim < 2 or len(images) != len(latents):
            raise ValueError(
                "`generator` must give an image for each latent. Received: "
                f"shape {images.shape} for {len(latents)} latents."
            )
        return images


def _has_rows(value):
    return len(getattr(value, "shape", ())) > 0
