"""Latents at two near points of paths between draws of N(0, I)."""

import keras
import numpy as np

from keras_latent.slerp import slerp


def latent_steps(latent_dim, samples, span, epsilon, norms, batch_size, seed):
    """Draws pairs of latents, and goes a small step between them.

    Args:
        latent_dim: int from 2.
        samples: int from 1.
        span: "full", t in [0, 1]; or "end", t = 0.
        epsilon: float, the step.
        norms: as for `slerp`.
        batch_size: int from 1; the draws are the same for each.
        seed: int from 0.

    Returns:
        Iterator of pairs of arrays (batch, latent_dim), at t and t + epsilon,
        in the default float type of Keras.

    Example:
        >>> from keras_latent.path_latents import latent_steps
        >>> steps = latent_steps(4, 5, "end", 1e-4, "linear", 3, seed=0)
        >>> [here.shape for here, there in steps]
        [(3, 4), (2, 4)]
    """
    pairs = np.random.default_rng([seed, 0])
    fractions = np.random.default_rng([seed, 1])
    for start in range(0, samples, batch_size):
        count = min(batch_size, samples - start)
        ends = pairs.standard_normal((count, 2, latent_dim))
        t = fractions.random(count) if span == "full" else np.zeros(count)
        # In float64: the step would lose three digits of float32.
        yield tuple(
            keras.ops.convert_to_numpy(
                slerp(ends[:, 0], ends[:, 1], moved, norms)
            ).astype(keras.config.floatx())
            for moved in (t, t + epsilon)
        )
