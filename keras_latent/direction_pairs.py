"""What pairs of images are made of: latent points, directions, shifts."""

import tensorflow as tf

from keras_latent.gan_latent import draw_rows

TRAINING, EVALUATION = range(2)
LATENT, DIRECTION, SHIFT = range(3)
SHIFTS = {"uniform": "signed_uniform", "normal": "normal"}


def clamp_shifts(shifts, least):
    """Shifts of which none is nearer to 0 than `least`, but for 0 itself.

    Args:
        shifts: float tensor of any shape.
        least: float from 0.

    Returns:
        Tensor like `shifts`: smaller ones become `least` of their sign.

    Source: `make_shifts` in trainer.py of anvoynov/GANLatentDiscovery.

    Example:
        >>> from keras_latent.direction_pairs import clamp_shifts
        >>> clamp_shifts([-3.0, -0.1, 0.0, 0.4, 2.0], 0.5).numpy().tolist()
        [-3.0, -0.5, 0.0, 0.5, 2.0]
    """
    shifts = tf.convert_to_tensor(shifts)
    least = tf.cast(least, shifts.dtype)
    return tf.sign(shifts) * tf.maximum(tf.abs(shifts), least)


def draw_pairs(discovery, rows, stage, step):
    """Draws latent points, a direction for each, and how far to go along it.

    Args:
        discovery: `DirectionDiscovery`.
        rows: int or int tensor, pairs of this replica.
        stage: `TRAINING` or `EVALUATION`, whose draws are independent.
        step: int tensor, batches of this stage before.

    Returns:
        Tuple (float32 (rows, latent_dim), int64 (rows,), float32 (rows,)).

    Source: Voynov & Babenko 2020, arXiv:2002.03754, section 3.2; `make_shifts`
        in trainer.py of anvoynov/GANLatentDiscovery.
    """
    key = discovery.seed, stage
    shape = [rows, discovery.latent_dim]
    kind = discovery.latent_distribution
    latents = draw_rows(shape, (*key, LATENT), step, kind)
    place = draw_rows([rows], (*key, DIRECTION), step, "uniform")
    kind = SHIFTS[discovery.shift_distribution]
    shifts = draw_rows([rows], (*key, SHIFT), step, kind)
    shifts = clamp_shifts(shifts * discovery.shift_scale, discovery.min_shift)
    count = discovery.num_directions
    chosen = tf.minimum(tf.cast(place * count, "int64"), count - 1)
    return latents, chosen, shifts


def draw_conditions(conditioning, rows, seed, step):
    """Keyword arguments of a conditional generator, for a batch.

    Args:
        conditioning: None; dict, which is passed on as it is; or function of
            (rows, seed) that gives a dict, `seed` an int64 tensor (2,) as
            `tf.random.stateless_uniform` takes it, another for each batch.
        rows: int or int tensor.
        seed: int, of all batches.
        step: int tensor, batches before.

    Returns:
        dict.

    Raises:
        ValueError: neither of them.

    Example:
        >>> from keras_latent.direction_pairs import draw_conditions
        >>> def digits(rows, seed):
        ...     shape = [rows]
        ...     return {"digit": tf.random.stateless_uniform(shape, seed)}
        >>> draw_conditions(digits, 3, seed=0, step=7)["digit"].shape
        TensorShape([3])
    """
    given = conditioning
    if callable(conditioning):
        context = tf.distribute.get_replica_context()
        replicas, index = 1, 0
        if context is not None:
            replicas = context.num_replicas_in_sync
            index = tf.cast(context.replica_id_in_sync_group, "int64")
        place = tf.cast(step, "int64") * replicas + index
        given = conditioning(rows, tf.stack([tf.cast(seed, "int64"), place]))
    if not isinstance(given, dict | None):
        raise ValueError(
            "`conditioning` must be a dict of keyword arguments of the "
            "generator, or a function of (rows, seed) that gives one. "
            f"Received: {type(given).__name__}."
        )
    return given or {}
