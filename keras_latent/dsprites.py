"""The dSprites set, where it is, in the form of `shapes`."""

import numpy as np

from _keras_sparse_common import prepared_sets
from _keras_sparse_common.arguments import check_count
from keras_latent._types import PathLike
from keras_latent.image_files import prepared_builder
from keras_latent.shapes import ShapesData

LEVELS = dict(shape=3, scale=6, orientation=40, x_position=32, y_position=32)


def dsprites(count: int, data_dir: PathLike | None = None) -> ShapesData:
    """Images of the dSprites set, with masks and factors.

    Args:
        count: int from 1 to 737280, of images; the first of the order in
            which TensorFlow Datasets keeps them, which is shuffled.
        data_dir: folder that holds the set as TensorFlow Datasets prepares
            it. None: what the environment variable TFDS_DATA_DIR says, else
            ~/tensorflow_datasets. Nothing is downloaded.

    Returns:
        `ShapesData`, numpy arrays: `images` float32 (count, 64, 64, 1), -1 or
        1; `masks` int32 (count, 64, 64), 0 background, 1 square, 2 ellipse, 3
        heart; `factors` float32 (count, 5), shape, scale, orientation,
        horizontal and vertical position, each level by level from 0 to 1.

    Raises:
        ValueError: another `count`.
        FileNotFoundError: the set is not in `data_dir`.

    Source: Matthey et al. 2017, https://github.com/deepmind/dsprites-dataset.

    Example:
        >>> from keras_latent.dsprites import dsprites
        >>> try:
        ...     dsprites(1, "/no/such/folder")
        ... except FileNotFoundError as error:
        ...     print(str(error)[:49])
        `data_dir` must hold the prepared set 'dsprites'.
    """
    import tensorflow_datasets as tfds

    check_count("count", count)
    with prepared_sets.quiet():
        builder = prepared_builder(tfds, "dsprites", data_dir)
        held = builder.info.splits["train"].num_examples
        if count > held:
            raise ValueError(
                f"`count` must be at most {held}, the images there are. "
                f"Received: count={count}."
            )
        data = builder.as_dataset(split=f"train[:{count}]").batch(1024)
        parts = [_convert(batch) for batch in data.as_numpy_iterator()]
    images, masks, factors = map(np.concatenate, zip(*parts, strict=True))
    return ShapesData(images, masks, factors)


def _convert(batch):
    """Images, masks and factors of a batch as it is read."""
    on = batch["image"] > 0
    kinds = 1 + batch["label_shape"].astype("int32")
    factors = [
        batch[f"label_{name}"] / (levels - 1) for name, levels in LEVELS.items()
    ]
    return (
        2 * on.astype("float32") - 1,
        on[..., 0] * kinds[:, None, None],
        np.stack(factors, axis=1).astype("float32"),
    )
