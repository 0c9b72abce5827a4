"""Images of a generator under shifts along directions and changed units."""

import contextlib
import io
import threading

import numpy as np
from PIL import Image

from _keras_sparse_common.arguments import (
    check_choice,
    check_count,
    check_number,
)
from keras_latent.gan_latent import DISTRIBUTIONS, draw_rows
from keras_latent.image_range import check_image_range
from keras_latent.intervention import check_units, intervene
from keras_latent.layer_edits import read_layer
from keras_latent.pictures import as_shades, image_limits, tile
from keras_latent.sample_pictures import check_samples
from keras_latent.steered_generator import SteeredGenerator

COLUMNS = 4
GAP = 1  # pixels around each image


class Explorer:
    """A generator, its directions and the units of one layer, to be moved.

    Args:
        generator: Keras model of images (height, width, 1 or 3).
        directions: `Directions` of its latent space, or None.
        layer: name or number of the layer whose units can be set, or None.
        samples: int from 1, images shown at once.
        shift: number above 0, how far directions can be moved either way.
        image_range: (low, high), the values of black and white; None: (0, 1)
            or (-1, 1) as the first images are, or as measured.
        latent_distribution: "normal", "uniform" or "signed_uniform", as the
            generator was trained.

    Raises:
        ValueError: arguments out of range, directions of another latent
            size, no such layer, a generator of no images.

    Source: the interactive pages of GANPaint (CSAILVision/gandissect) and
        SeFa (genforce/sefa).

    Example:
        >>> import keras, keras_latent as kl
        >>> from keras_latent.explorer import Explorer
        >>> generator, _ = kl.dcgan_networks((16, 16, 1), 3, width=4)
        >>> explorer = Explorer(generator, kl.Directions([[1.0, 0.0, 0.0]]))
        >>> explorer.picture(seed=0, shifts={0: 2.5})[1:4]
        b'PNG'
    """

    def __init__(
        self,
        generator,
        directions=None,
        layer=None,
        samples=8,
        shift=6.0,
        image_range=None,
        latent_distribution="normal",
    ):
        check_count("samples", samples)
        check_number("shift", shift, open_low=True)
        check_choice("latent_distribution", latent_distribution, DISTRIBUTIONS)
        self.steered = SteeredGenerator(generator)
        self.latent_distribution = latent_distribution
        dim = self.steered.latent_dim
        if directions is not None and directions.latent_dim != dim:
            raise ValueError(
                f"`directions` must be of the generator's latent size, {dim}. "
                f"Received: {directions.latent_dim}. They are of another "
                "generator."
            )
        self.generator, self.directions = generator, directions
        self.layer, self.samples, self.shift = layer, samples, float(shift)
        self._lock = threading.Lock()  # an intervention changes the model
        latents = self.latents(seed=0)
        if layer is None:
            images, self.unit_ranges = self.steered(latents), []
        else:
            images, outputs = read_layer(
                generator, layer, lambda: self.steered(latents)
            )
            self.unit_ranges = _ranges(np.array(outputs, "float32"))
        images = check_samples("generator", images.numpy())
        if images.ndim != 4:
            raise ValueError(
                "`generator` must give images (count, height, width, 1 or 3). "
                f"Received: shape {images.shape}."
            )
        self.limits = check_image_range(image_range) or image_limits(images)

    def latents(self, seed):
        """Latent points of a seed, float32 array (samples, latent_dim)."""
        check_count("seed", seed, minimum=0)
        shape = [self.samples, self.steered.latent_dim]
        return draw_rows(shape, (seed,), 0, self.latent_distribution).numpy()

    def picture(self, seed, shifts=None, units=None):
        """A PNG of the samples of a seed, moved and changed.

        Args:
            seed: int from 0.
            shifts: dict of direction (int) to finite number, or None.
            units: dict of unit (int) to the finite number it is set to, or
                None.

        Returns:
            bytes.

        Raises:
            ValueError: no such direction or unit, a number that is not
                finite.
        """
        latents, shifts, units = self.latents(seed), shifts or {}, units or {}
        for k, shift in shifts.items():
            check_number(f"shifts[{k}]", shift, low=-float("inf"))
            if self.directions is None:
                raise ValueError(
                    f"`shifts` must be empty without directions. Received: {k}."
                )
            latents += shift * self.directions.matrix[self.directions.index(k)]
        for unit, value in units.items():
            check_number(f"units[{unit}]", value, low=-float("inf"))
        if units:
            check_units(list(units), len(self.unit_ranges))
        with self._lock, contextlib.ExitStack() as stack:
            if units:
                stack.enter_context(
                    intervene(
                        self.generator,
                        self.layer,
                        list(units),
                        list(units.values()),
                    )
                )
            images = self.steered(latents).numpy()
        return _png(as_shades(images, self.limits))


def _ranges(outputs):
    """Smallest and largest value of each unit, 0 included."""
    rows = outputs.reshape(-1, outputs.shape[-1])
    low, high = np.minimum(rows.min(0), 0), np.maximum(rows.max(0), 0)
    return np.stack([low, np.where(high > low, high, 1.0)], axis=1).tolist()


def _png(shades):
    columns = min(COLUMNS, len(shades))
    rows = -(-len(shades) // columns)
    blank = np.ones((rows * columns - len(shades), *shades.shape[1:]))
    cells = np.concatenate([shades, blank])
    cells = cells.reshape(rows, columns, *shades.shape[1:])
    buffer = io.BytesIO()
    picture = np.round(255 * tile(cells, GAP)).astype("uint8")
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()
