"""Checks of the networks, losses and images of a `GAN`."""

import math
import numbers
import warnings

import keras
import numpy as np

from keras_latent.fader_checks import (
    check_built,
    check_images,
    check_separate,
    last_activation,
    shapes_meet,
)
from keras_latent.gan_losses import LOSSES, GANLoss
from keras_latent.gan_regularizers import GANRegularizer, overrides

PROBABILITIES = ("sigmoid", "hard_sigmoid", "softmax", "log_softmax")


def check_networks(generator, discriminator):
    """Raises unless two built models fit each other.

    Args:
        generator: `keras.Model` of latent points to examples.
        discriminator: `keras.Model` of examples to logits.

    Raises:
        ValueError: not models, not built, several inputs or outputs, shared
            weights, shapes that do not meet, probabilities for logits.
    """
    networks = dict(generator=generator, discriminator=discriminator)
    for argument, network in networks.items():
        check_built(argument, network)
        if len(network.inputs) != 1 or len(network.outputs) != 1:
            raise ValueError(
                f"`{argument}` must have one input and one output. Received: "
                f"model {network.name!r} of {len(network.inputs)} inputs and "
                f"{len(network.outputs)} outputs. Join them in the model, as "
                "by `keras.layers.Concatenate`."
            )
    check_separate(networks)
    made = tuple(generator.output_shape[1:])
    taken = tuple(discriminator.input_shape[1:])
    if not shapes_meet(made, taken):
        raise ValueError(
            "`discriminator` must take what `generator` makes. Received: a "
            f"generator of examples of shape {made} and a discriminator of "
            f"examples of shape {taken}. Change the one or the other, or begin "
            "with `keras_latent.dcgan_networks(image_shape)`."
        )
    _check_logits(discriminator)


def _check_logits(discriminator):
    shape = tuple(discriminator.output_shape)
    if len(shape) > 1 and shape[-1] != 1:
        raise ValueError(
            "`discriminator` must give one logit for each example, (batch, "
            "1), or for each patch, (batch, rows, columns, 1). Received: "
            f"output shape {shape}. End it with `Dense(1)`."
        )
    end = last_activation(discriminator)
    if end in PROBABILITIES:
        raise ValueError(
            "`discriminator` must emit logits. Received: model "
            f"{discriminator.name!r} that ends in {end}. Leave its last "
            "activation out (`activation=None`)."
        )


def as_loss(loss):
    """The pair of functions that `loss` names or is.

    Args:
        loss: name of the table `LOSSES`, or pair of functions.

    Returns:
        `GANLoss`.

    Raises:
        ValueError: anything else.
    """
    if isinstance(loss, str) and loss in LOSSES:
        return LOSSES[loss]
    pair = isinstance(loss, (tuple, list)) and len(loss) == 2
    if not pair or not all(map(_is_function, loss)):
        raise ValueError(
            f"`loss` must be one of {list(LOSSES)}, or "
            "`GANLoss(discriminator, generator)`, two functions of logits. "
            f"Received: loss={loss!r}. A `keras.losses.Loss` compares targets "
            "with predictions and has no two sides."
        )
    return GANLoss(*loss)


def _is_function(side):
    return callable(side) and not isinstance(side, keras.losses.Loss)


def loss_config(loss):
    """What is saved of `loss`: its name, or the registered functions.

    Raises:
        ValueError: a function that is not registered, so that a saved model
            could not be loaded.
    """
    if isinstance(loss, str):
        return loss
    for side in loss:
        name = keras.saving.get_registered_name(side)
        if keras.saving.get_registered_object(name) is not side:
            raise ValueError(
                "`loss` must be registered functions to be saved. Received: "
                f"{side!r}. Write `@keras.saving.register_keras_serializable("
                'package="mine")` over each.'
            )
    return keras.saving.serialize_keras_object(list(loss))


def check_share(name, value):
    """Raises unless `value` is a number between 0 and 1, not 0 or 1."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not 0 < value < 1:
        raise ValueError(
            f"`{name}` must be None, or a number greater than 0 and less than "
            f"1. Received: {name}={value!r}. Averages over some thousand "
            "steps have 0.999."
        )


def check_regularizers(regularizers):
    """Raises unless `regularizers` is a list of `GANRegularizer`."""
    given = regularizers
    if not isinstance(given, (list, tuple)):
        given = [given]
    wrong = [r for r in given if not isinstance(r, GANRegularizer)]
    if wrong or given is not regularizers:
        raise ValueError(
            "`regularizers` must be a list of `GANRegularizer` objects. "
            f"Received: regularizers={regularizers!r}. Write them in brackets, "
            "as `[keras_latent.GradientPenalty()]`."
        )


def warn_of_free_critic(loss, discriminator, regularizers):
    """Warns of a Wasserstein critic whose slope nothing holds."""
    held = any(overrides(r, "discriminator_penalty") for r in regularizers)
    if loss == "wasserstein" and not held and not _is_bounded(discriminator):
        warnings.warn(
            '`loss="wasserstein"` needs a critic of bounded slope, else its '
            "loss falls without end. Give `regularizers=[GradientPenalty()]`, "
            "or wrap its layers in `keras.layers.SpectralNormalization`.",
            stacklevel=3,
        )


def _is_bounded(network):
    for layer in network.layers:
        if isinstance(layer, keras.layers.SpectralNormalization):
            return True
        if getattr(layer, "kernel_constraint", None) is not None:
            return True
        if isinstance(layer, keras.Model) and _is_bounded(layer):
            return True
    return False


def check_examples(gan, images):
    """Raises unless images are finite and of the networks' shape.

    Warns of images that the generator cannot make, by its last activation.
    """
    roles = ("discriminator", "generator")
    check_images(images, gan.discriminator, gan.generator, roles=roles)


def check_last_step(rows, size, replicas):
    """Raises if an epoch's last step leaves a replica without a row.

    Args:
        rows: int, of the data.
        size: int, rows of a step.
        replicas: int; each gets as many rows as the others, the last fewer.

    Raises:
        ValueError: a mean over no rows, which is not a number.
    """
    last = rows % size or size
    if -(-last // replicas) * (replicas - 1) >= last:
        raise ValueError(
            "`batch_size` must leave each replica a row in the last step of "
            f"an epoch. Received: {rows} rows in steps of {size}, of which the "
            f"last has {last} for {replicas} replicas. Change it, or leave "
            f"{last} rows out."
        )


def check_latent(gan, latent):
    """Raises unless latent points have the generator's shape."""
    shape, expected = tuple(latent.shape), gan.latent_shape
    if not shapes_meet(shape[1:], expected):
        raise ValueError(
            "Latent points must have the shape (batch, "
            f"{', '.join(map(str, expected))}), as `generator` takes them. "
            f"Received: shape {shape}. `gan.sample(count, seed)` draws them "
            "itself."
        )


class FiniteLosses(keras.callbacks.Callback):
    """Ends `fit` after an epoch whose losses are not finite."""

    def on_epoch_end(self, epoch, logs=None):
        wrong = {
            name: float(value)
            for name, value in (logs or {}).items()
            if name.endswith(("loss", "penalty"))
            and not math.isfinite(np.mean(value))
        }
        if wrong:
            name, value = next(iter(wrong.items()))
            raise ValueError(
                f"`{name}` must be finite. Received: {value} in epoch "
                f"{epoch + 1}; not finite are {sorted(wrong)}. The networks "
                "have diverged and their weights are lost (or a replica had "
                "no row of a dataset's last batch). Build them anew "
                "with lower learning rates, a bounded loss such as "
                '"non_saturating", `GradientPenalty()` or spectral '
                "normalization, or in float32 instead of float16."
            )
