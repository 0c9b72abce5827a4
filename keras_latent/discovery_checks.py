"""Checks of what `DirectionDiscovery` is given."""

import keras
import numpy as np
import tensorflow as tf

from keras_latent.direction_pairs import draw_conditions
from keras_latent.fader_checks import check_built, shapes_meet

OPTIONS = {
    "fit": ("callbacks", "initial_epoch", "validation_freq", "verbose"),
    "evaluate": ("callbacks", "verbose"),
}
DIFFERENT = 1e-5  # of the largest pixel: more is no rounding
TRIED = 2  # latent points


def check_reconstructor(reconstructor, num_directions):
    """Raises unless a built model has one input and the two outputs.

    Raises:
        ValueError: another model.
    """
    check_built("reconstructor", reconstructor)
    shapes = [tuple(output.shape[1:]) for output in reconstructor.outputs]
    paired = isinstance(reconstructor.output, (list, tuple))
    wanted = [(num_directions,), (1,)]
    if len(reconstructor.inputs) != 1 or not paired or shapes != wanted:
        raise ValueError(
            "`reconstructor` must have one input, both images one after the "
            "other along the last axis, and a list of two outputs, logits "
            f"(batch, {num_directions}) and the shift (batch, 1). Received: "
            f"{len(reconstructor.inputs)} inputs, outputs of shapes "
            f"{[(None, *shape) for shape in shapes]}. `keras_latent."
            "lenet_reconstructor(image_shape, num_directions)` makes one."
        )


def check_pairs(discovery):
    """Raises unless the generator's images can be paired and judged.

    Args:
        discovery: `DirectionDiscovery`.

    Raises:
        ValueError: images of another shape than the reconstructor's, other
            images for the same latent points, numbers that are not finite.
    """
    latents = tf.zeros([TRIED, discovery.latent_dim])
    conditions = draw_conditions(discovery.conditioning, TRIED, 0, 0)
    first, again = (
        discovery.steered(latents, conditions).numpy() for _ in range(2)
    )
    if not np.isfinite(first).all():
        raise ValueError(
            "`generator` must give finite images. Received: NaN or infinite "
            "numbers. Its training has probably diverged."
        )
    if np.abs(first - again).max() > DIFFERENT * np.abs(first).max():
        raise ValueError(
            "`generator` must give the same images for the same latent "
            "points, else a pair differs by more than its shift. Received: "
            f"images that differ by {np.abs(first - again).max():g}. Fix its "
            "noise, or give classes by `conditioning`."
        )
    pair = (*first.shape[1:-1], 2 * first.shape[-1])
    taken = tuple(discovery.reconstructor.input_shape[1:])
    if not shapes_meet(taken, pair):
        raise ValueError(
            f"`reconstructor` must take pairs of shape (batch, "
            f"{', '.join(map(str, pair))}): two images of `generator`, one "
            "after the other along the last axis. Received: input shape "
            f"{discovery.reconstructor.input_shape}."
        )


def check_options(method, options):
    """Raises unless a method without data gets only options it has."""
    wrong = sorted(set(options) - set(OPTIONS[method]))
    if wrong:
        raise ValueError(
            f"`{method}` of a `DirectionDiscovery` draws its own latent points "
            "and takes no data. Received: "
            f"{', '.join(f'`{name}`' for name in wrong)}. Its options are "
            f"{', '.join(f'`{name}`' for name in OPTIONS[method])}, and "
            "counts of steps or samples."
        )


def config_of(name, given):
    """What is saved of a network, dict or function.

    Args:
        name: str, the argument.
        given: Keras object, dict, registered function, or None.

    Raises:
        ValueError: a function that is not registered, so that a saved model
            could not be loaded.
    """
    plain = given is None or isinstance(given, (dict, keras.Layer))
    if not plain:
        registered = keras.saving.get_registered_name(given)
        if keras.saving.get_registered_object(registered) is not given:
            raise ValueError(
                f"`{name}` must be a registered function to be saved. "
                f"Received: {given!r}. Write `@keras.saving."
                'register_keras_serializable(package="mine")` over it, or '
                "save the weights alone, by `save_weights`."
            )
    return keras.saving.serialize_keras_object(given)
