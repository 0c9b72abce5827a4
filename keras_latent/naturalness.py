"""Whether real images differ along a direction as generated ones do: DVN."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from _keras_sparse_common.arguments import check_count, check_number
from keras_latent._types import (
    ArrayLike,
    Conditioning,
    DrawConditioning,
    Network,
    Range,
)
from keras_latent.direction_pairs import draw_conditions
from keras_latent.directions import Directions
from keras_latent.gan_latent import draw_rows
from keras_latent.image_range import RangeWatch
from keras_latent.naturalness_classifier import (
    FreshClassifier,
    lenet_classifier,
)
from keras_latent.naturalness_findings import NaturalnessFindings
from keras_latent.steered_generator import SteeredGenerator

LATENT, WAY = range(2)
KEPT = 0.1  # of the real images, to judge the second classifier by


def naturalness(
    generator: Network,
    directions: Directions | ArrayLike,
    real_images: ArrayLike,
    shift: float = 10.0,
    steps: int = 50,
    batch_size: int = 16,
    evaluation_batches: int = 10,
    conditioning: Conditioning | DrawConditioning = None,
    classifier: Callable[..., keras.Model] | None = None,
    image_range: Range | None = None,
    seed: int = 0,
) -> NaturalnessFindings:
    """Direction variation naturalness: is a direction a factor of real data?

    For each direction a classifier learns to tell images shifted one way
    from those shifted the other; it labels real images; a second classifier
    learns these labels of real images alone. If it then tells the generated
    images apart, the direction changes something that varies in real images.

    The defaults are the published ones. With 160 images an accuracy is
    uncertain by some 4 points: 100 `evaluation_batches` leave 1.3.

    Args:
        generator: Keras model, or function of latent points and keyword
            arguments.
        directions: `Directions`, or array (count, latent_dim).
        real_images: float array (examples, ...), like the generator's and in
            the same range. A tenth, and at least one, is kept for `real`.
        shift: number above 0, how far along each row.
        steps: int from 1, of the training of each classifier.
        batch_size: int from 1, of training and measuring.
        evaluation_batches: int from 1.
        conditioning: as for `DirectionDiscovery`; drawn for each batch.
        classifier: function of (image_shape, seed) that gives a new built
            `keras.Model` to two logits; None: `lenet_classifier`.
        image_range: None, or (low, high): a warning tells of generated or
            real images in another range.
        seed: int from 0, of all draws.

    Returns:
        `NaturalnessFindings`; equal for equal arguments.

    Raises:
        ValueError: arguments out of range, real images of another shape, not
            finite, or fewer than two.

    Source: Voynov & Babenko 2020, arXiv:2002.03754, section 4.1;
        `inspect_dims_transferability` in pseudo_label/train.py of
        anvoynov/GANLatentDiscovery.
    Differs from the authors' code: the first weights of the two classifiers
        are the same for each direction.

    Example:
        >>> import keras, keras_latent as kl
        >>> def classifier(shape, seed):
        ...     layers = [keras.Input(shape), keras.layers.Dense(2)]
        ...     return keras.Sequential(layers)
        >>> real = np.random.default_rng(0).normal(size=(200, 2))
        >>> matrix, small = [[1.0, 0.0]], {"steps": 3, "shift": 1.0}
        >>> found = kl.naturalness(
        ...     lambda z: z, matrix, real, classifier=classifier, **small
        ... )
        >>> found.returned.shape, found.samples
        ((1,), 160)
    """
    check_number("shift", shift, open_low=True)
    check_count("steps", steps)
    check_count("batch_size", batch_size)
    check_count("evaluation_batches", evaluation_batches)
    check_count("seed", seed, minimum=0)
    if not isinstance(directions, Directions):
        directions = Directions(directions)
    steered = SteeredGenerator(generator, directions.latent_dim)
    draw = _sampler(steered, shift, batch_size, conditioning, seed)
    image_shape = tuple(draw(directions.matrix[0], 0)[0].shape[1:])
    real = _check_real(real_images, image_shape)
    watches = [RangeWatch(n, image_range) for n in ("generator", "real_images")]
    watches[1].see(real)
    split = max(1, round(KEPT * len(real)))
    order = np.random.default_rng(seed).permutation(len(real))
    kept, shown = order[:split], order[split:]
    make = classifier or lenet_classifier
    classifiers = [
        FreshClassifier(make(image_shape, number), image_shape)
        for number in (2 * seed, 2 * seed + 1)
    ]
    count, found = steps + evaluation_batches, []
    for k, row in enumerate(directions.matrix):
        shifted = [draw(row, k * count + index) for index in range(count)]
        shifted = [(images.numpy(), ways.numpy()) for images, ways in shifted]
        watches[0].see(np.stack([images for images, _ in shifted]))
        random = np.random.default_rng([seed, k])
        batches = [
            shifted[:steps],
            shifted[steps:],
            _batches_of(real, shown, steps, batch_size, random),
            _batches_of(real, kept, evaluation_batches, batch_size, random),
        ]
        found.append(_judge(*classifiers, *batches))
    for watch in watches:
        watch.tell()
    reference, measured, returned, rarer = np.array(found).T
    samples = evaluation_batches * batch_size
    return NaturalnessFindings(reference, measured, returned, rarer, samples)


def _sampler(steered, shift, rows, conditioning, seed):
    """Function of (direction, number of the batch) -> (images, 0 or 1)."""

    @tf.function
    def draw(direction, number):
        shape = [rows, steered.latent_dim]
        latents = draw_rows(shape, (seed, LATENT), number)
        way = draw_rows([rows, 1], (seed, WAY), number, "uniform") > 0.5
        moves = tf.where(way, shift, -shift) * direction
        conditions = draw_conditions(conditioning, rows, seed, number)
        images = steered(latents + moves, conditions)
        return images, tf.cast(way[:, 0], "int32")

    def sample(direction, number):
        return draw(tf.constant(direction), tf.constant(number, "int64"))

    return sample


def _judge(first, second, train, test, real, kept):
    """Accuracies of a direction, and the share of the rarer label."""
    first.train(train)
    labelled = [(images, first.labels(images)) for images in real]
    second.train(labelled)
    ones = np.mean([labels for _, labels in labelled])
    return (
        first.accuracy(test),
        second.accuracy([(images, first.labels(images)) for images in kept]),
        second.accuracy(test),
        min(ones, 1.0 - ones),
    )


def _batches_of(images, rows, count, size, random):
    """Batches of some rows in random order, each as often as the others."""
    rounds = -(-count * size // len(rows))
    order = [random.permutation(rows) for _ in range(rounds)]
    order = np.concatenate(order)[: count * size].reshape(count, size)
    return [images[batch] for batch in order]


def _check_real(images, shape):
    """The images as float32; raises unless they are of the shape."""
    images = np.asarray(images)
    fits = images.dtype.kind in "fiu" and images.shape[1:] == shape
    if not fits or len(images) < 2 or not np.isfinite(images).all():
        raise ValueError(
            "`real_images` must be at least two finite images of the "
            f"generator's shape {shape}. Received: dtype {images.dtype}, "
            f"shape {images.shape}. Pad or resize them, and scale them to the "
            "range of the generator's."
        )
    return images.astype("float32", copy=False)
