"""A small classifier of images, to judge what a decoder draws."""

import warnings

import keras
import numpy as np

from _keras_sparse_common.arguments import check_count, check_number
from keras_latent._types import ArrayLike


def small_image_classifier(image_shape, num_classes, seed=0):
    """Two convolutions and a hidden layer, compiled; outputs are logits.

    Args:
        image_shape: (height, width, channels), at least 4 by 4 pixels.
        num_classes: int from 2.
        seed: int from 0, of the weights.

    Returns:
        Compiled `keras.Model` from images in any range to logits.
    """
    seeds = iter(range(7 * seed, 7 * seed + 7))

    def start():
        return keras.initializers.GlorotUniform(seed=next(seeds))

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input(image_shape),
            layers.Normalization(axis=-1, name="pixels"),
            layers.Conv2D(
                16, 3, 2, "same", activation="relu", kernel_initializer=start()
            ),
            layers.Conv2D(
                32, 3, 2, "same", activation="relu", kernel_initializer=start()
            ),
            layers.Flatten(),
            layers.Dense(128, "relu", kernel_initializer=start()),
            layers.Dropout(0.3, seed=next(seeds)),
            layers.Dense(num_classes, kernel_initializer=start()),
        ],
        name="judge",
    )
    model.compile(
        keras.optimizers.Adam(2e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    return model


def train_classifier(
    x: ArrayLike,
    y: ArrayLike,
    epochs: int = 6,
    held_out: float = 0.1,
    minimum_accuracy: float = 0.9,
    model: keras.Model | None = None,
    batch_size: int = 128,
    seed: int = 0,
) -> tuple[keras.Model, float]:
    """Trains a judge for `swap_accuracy`, apart from every other network.

    Args:
        x: float or int array (examples, height, width, channels).
        y: int array (examples,), labels from 0. For several attributes train
            a judge of your own with concatenated logits.
        epochs: int from 1.
        held_out: float in (0, 0.9], share of the examples to measure by.
        minimum_accuracy: float in [0, 1]; below it a warning says that this
            judge should not be used.
        model: compiled `keras.Model` to train instead of the small one.
        batch_size: int from 1.
        seed: int from 0, of the split, the order and the small model.

    Returns:
        Pair (trained model, its accuracy on the held-out examples).

    Raises:
        ValueError: images or labels of another shape or kind, fewer than ten
            examples, one class only, a model that is not compiled.

    Source: the authors of arXiv:1706.00409 judge swaps by a classifier of
        their own, `eval_clf` in their training.py.

    Example:
        >>> import keras_latent as kl
        >>> y = np.arange(80) % 2
        >>> x = np.ones((80, 8, 8, 1)) * y[:, None, None, None]
        >>> judge, accuracy = kl.train_classifier(x, y, epochs=3)
        >>> accuracy
        1.0
    """
    check_count("epochs", epochs)
    check_count("batch_size", batch_size)
    check_count("seed", seed, minimum=0)
    check_number("held_out", held_out, high=0.9, open_low=True)
    check_number("minimum_accuracy", minimum_accuracy, high=1.0)
    x, y = _check_images(x, y)
    rows = np.random.default_rng(seed).permutation(len(x))
    cut = max(1, round(held_out * len(x)))
    test, train = rows[:cut], rows[cut:]
    if model is None:
        model = small_image_classifier(x.shape[1:], int(y.max()) + 1, seed)
        model.get_layer("pixels").adapt(x[train])
    elif not getattr(model, "compiled", False):
        raise ValueError(
            "`model` must be a compiled keras.Model. Received: "
            f"{model!r}. Call `model.compile(optimizer, loss)`."
        )
    random = np.random.default_rng(seed)
    for _ in range(epochs):
        order = random.permutation(train)
        model.fit(
            x[order], y[order], batch_size=batch_size, shuffle=False, verbose=0
        )
    scores = model.predict(x[test], batch_size=256, verbose=0)
    accuracy = float(np.mean(scores.argmax(axis=-1) == y[test]))
    if accuracy < minimum_accuracy:
        warnings.warn(
            f"The classifier reads {accuracy:.3f} of its held-out images, less "
            f"than `minimum_accuracy`={minimum_accuracy:g}: what it says of "
            "decoded images means little. Train it longer or on more examples.",
            stacklevel=2,
        )
    return model, accuracy


def _check_images(x, y):
    x, y = np.asarray(x), np.asarray(y)
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if x.ndim != 4 or min(x.shape[1:3]) < 4 or not np.isfinite(x).all():
        raise ValueError(
            "`x` must be finite images (examples, height, width, channels) of "
            f"at least 4 by 4 pixels. Received: shape {x.shape}. A channel "
            "axis comes by `x[..., None]`."
        )
    whole = y.ndim == 1 and y.dtype.kind in "iu"
    if not whole or len(y) != len(x) or len(x) < 10 or y.min() < 0:
        raise ValueError(
            "`y` must be ints from 0 of shape (examples,), one for each of at "
            f"least ten images. Received: dtype {y.dtype}, shape {y.shape}, "
            f"{len(x)} images. One-hot labels become ints by `y.argmax(-1)`."
        )
    if len(np.unique(y)) < 2:
        raise ValueError(
            "`y` must hold at least two classes, else there is nothing to "
            f"tell apart. Received: only {y[0]}."
        )
    return x.astype("float32"), y
