"""Sets of TensorFlow Datasets: read quietly, and what they must hold."""

import contextlib


@contextlib.contextmanager
def quiet():
    """Keeps TFDS from logging and from drawing progress bars."""
    import tensorflow_datasets as tfds
    from absl import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    tfds.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def check_image_classes(name, info):
    """Features of a set with one image and one class label per example.

    Args:
        name: str, of the set.
        info: `tensorflow_datasets.core.DatasetInfo`.

    Returns:
        (image, label), features of TensorFlow Datasets.

    Raises:
        ValueError: the set holds something else.
    """
    import tensorflow_datasets as tfds

    keys = info.supervised_keys or ()
    found = [info.features[key] for key in keys if isinstance(key, str)]
    expected = (tfds.features.Image, tfds.features.ClassLabel)
    if len(found) != 2 or not all(map(isinstance, found, expected)):
        raise ValueError(
            "`name` must be a set with one image and one class label per "
            f"example. Received: name={name!r} with {sorted(info.features)}. "
            "Pick an image classification set, as mnist."
        )
    return found
