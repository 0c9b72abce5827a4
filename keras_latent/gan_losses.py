"""What discriminator and generator minimise in adversarial training."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from keras import ops

_registered = keras.saving.register_keras_serializable(package="keras_latent")


def _mean(values):
    return ops.mean(ops.cast(values, "float32"))


@_registered
def minimax_discriminator(real_logits, fake_logits):
    """-E log D(x) - E log(1 - D(G(z))), with D the sigmoid of the logits.

    Args:
        real_logits: float tensor of shape (batch, ...).
        fake_logits: float tensor of shape (batch, ...).

    Returns:
        float32 scalar tensor.

    Source: Goodfellow et al. 2014, arXiv:1406.2661, equation 1.

    Example:
        >>> from keras_latent.gan_losses import minimax_discriminator
        >>> round(float(minimax_discriminator([0.0], [0.0])), 4)
        1.3863
    """
    real = ops.softplus(-ops.cast(real_logits, "float32"))
    fake = ops.softplus(ops.cast(fake_logits, "float32"))
    return ops.mean(real) + ops.mean(fake)


@_registered
def minimax_generator(fake_logits):
    """E log(1 - D(G(z))): saturates where the discriminator is sure.

    Args:
        fake_logits: float tensor of shape (batch, ...).

    Returns:
        float32 scalar tensor, at most 0.

    Source: Goodfellow et al. 2014, arXiv:1406.2661, equation 1.

    Example:
        >>> from keras_latent.gan_losses import minimax_generator
        >>> round(float(minimax_generator([0.0])), 4)
        -0.6931
    """
    return -ops.mean(ops.softplus(ops.cast(fake_logits, "float32")))


@_registered
def non_saturating_generator(fake_logits):
    """-E log D(G(z)), the "-log D trick" or heuristic loss.

    Args:
        fake_logits: float tensor of shape (batch, ...).

    Returns:
        float32 scalar tensor, from 0.

    Source: Goodfellow et al. 2014, arXiv:1406.2661, section 3.

    Example:
        >>> from keras_latent.gan_losses import non_saturating_generator
        >>> round(float(non_saturating_generator([0.0])), 4)
        0.6931
    """
    return ops.mean(ops.softplus(-ops.cast(fake_logits, "float32")))


@_registered
def least_squares_discriminator(real_logits, fake_logits):
    """Half of E (D(x) - 1)^2 + E D(G(z))^2, D being the logits themselves.

    Args:
        real_logits: float tensor of shape (batch, ...).
        fake_logits: float tensor of shape (batch, ...).

    Returns:
        float32 scalar tensor, from 0.

    Source: Mao et al. 2017, arXiv:1611.04076, equation 9.

    Example:
        >>> from keras_latent.gan_losses import least_squares_discriminator
        >>> float(least_squares_discriminator([0.0], [2.0]))
        2.5
    """
    real = ops.square(ops.cast(real_logits, "float32") - 1.0)
    fake = ops.square(ops.cast(fake_logits, "float32"))
    return (ops.mean(real) + ops.mean(fake)) / 2


@_registered
def least_squares_generator(fake_logits):
    """Half of E (D(G(z)) - 1)^2, D being the logits themselves.

    Args:
        fake_logits: float tensor of shape (batch, ...).

    Returns:
        float32 scalar tensor, from 0.

    Source: Mao et al. 2017, arXiv:1611.04076, equation 9.

    Example:
        >>> from keras_latent.gan_losses import least_squares_generator
        >>> float(least_squares_generator([3.0]))
        2.0
    """
    return ops.mean(ops.square(ops.cast(fake_logits, "float32") - 1.0)) / 2


@_registered
def wasserstein_discriminator(real_logits, fake_logits):
    """E D(G(z)) - E D(x), of a critic held to slope 1 by other means.

    Args:
        real_logits: float tensor of shape (batch, ...).
        fake_logits: float tensor of shape (batch, ...).

    Returns:
        float32 scalar tensor.

    Source: Arjovsky et al. 2017, arXiv:1701.07875, equation 3.

    Example:
        >>> from keras_latent.gan_losses import wasserstein_discriminator
        >>> float(wasserstein_discriminator([3.0], [1.0]))
        -2.0
    """
    return _mean(fake_logits) - _mean(real_logits)


@_registered
def wasserstein_generator(fake_logits):
    """-E D(G(z)); also the generator's side of the hinge loss.

    Args:
        fake_logits: float tensor of shape (batch, ...).

    Returns:
        float32 scalar tensor.

    Source: Arjovsky et al. 2017, arXiv:1701.07875, equation 3; Miyato et al.
        2018, arXiv:1802.05957, equation 17.

    Example:
        >>> from keras_latent.gan_losses import wasserstein_generator
        >>> float(wasserstein_generator([3.0]))
        -3.0
    """
    return -_mean(fake_logits)


@_registered
def hinge_discriminator(real_logits, fake_logits):
    """E max(0, 1 - D(x)) + E max(0, 1 + D(G(z))), D being the logits.

    Args:
        real_logits: float tensor of shape (batch, ...).
        fake_logits: float tensor of shape (batch, ...).

    Returns:
        float32 scalar tensor, from 0.

    Source: Miyato et al. 2018, arXiv:1802.05957, equation 16.

    Example:
        >>> from keras_latent.gan_losses import hinge_discriminator
        >>> float(hinge_discriminator([0.0, 2.0], [-3.0, 1.0]))
        1.5
    """
    real = ops.relu(1.0 - ops.cast(real_logits, "float32"))
    fake = ops.relu(1.0 + ops.cast(fake_logits, "float32"))
    return ops.mean(real) + ops.mean(fake)


class GANLoss(NamedTuple):
    """The two sides of an adversarial loss, for `GAN(loss=...)`.

    Each is a mean over the examples: replicas average their values. To save
    a `GAN`, register functions of your own with
    `keras.saving.register_keras_serializable`.

    Args:
        discriminator: function of (real logits, fake logits) -> scalar.
        generator: function of (fake logits) -> scalar.

    Source: none; the pair is ours.

    Example:
        >>> import keras_latent as kl
        >>> from keras_latent import gan_losses
        >>> loss = kl.GANLoss(
        ...     discriminator=gan_losses.hinge_discriminator,
        ...     generator=gan_losses.non_saturating_generator,
        ... )
        >>> float(loss.discriminator([2.0], [-2.0]))
        0.0
    """

    discriminator: Callable[[Any, Any], Any]
    generator: Callable[[Any], Any]


LOSSES = {
    "minimax": GANLoss(minimax_discriminator, minimax_generator),
    "non_saturating": GANLoss(minimax_discriminator, non_saturating_generator),
    "least_squares": GANLoss(
        least_squares_discriminator, least_squares_generator
    ),
    "wasserstein": GANLoss(wasserstein_discriminator, wasserstein_generator),
    "hinge": GANLoss(hinge_discriminator, wasserstein_generator),
}
