"""How well two domains are told apart: the loss and the accuracy."""

from keras import ops


def domain_margin(logits):
    """Logit of "target" against "source", in float32.

    Args:
        logits: float tensor of shape (rows, 1), or (rows, 2) in the order
            source, target.

    Returns:
        Float32 tensor of shape (rows,).
    """
    logits = ops.cast(logits, "float32")
    if logits.shape[-1] == 1:
        return logits[:, 0]
    return logits[:, 1] - logits[:, 0]


def domain_loss(source_margin, target_margin):
    """Cross-entropy of the domain, the mean of the two domains' means.

    Args:
        source_margin: float tensor (rows,), margins of source examples.
        target_margin: float tensor (any rows,), margins of target examples.

    Returns:
        Scalar; log 2 = 0.693 where nothing is known.

    Source: Ganin et al. 2016, arXiv:1505.07818, equation 9.

    Example:
        >>> import numpy as np
        >>> from keras_latent.domain_losses import domain_loss
        >>> round(float(domain_loss(np.zeros(3), np.zeros(5))), 4)
        0.6931
    """
    source = ops.mean(ops.softplus(source_margin))
    target = ops.mean(ops.softplus(ops.negative(target_margin)))
    return (source + target) / 2


def domain_hits(source_margin, target_margin):
    """1 for each example whose domain is found, source first, else 0.

    A margin of 0 says nothing, and counts 1/2.
    """
    signs = ops.sign(ops.concatenate([-source_margin, target_margin]))
    return (signs + 1) / 2
