"""Mutations: the losses by which one generator becomes several."""

import keras
from keras import ops

from keras_latent.gan_losses import minimax_generator, non_saturating_generator


def least_squares_mutation(fake_logits):
    """E (D(G(z)) - 1)^2, D being the sigmoid of the logits.

    Args:
        fake_logits: float tensor of shape (batch, ...).

    Returns:
        float32 scalar tensor in [0, 1].

    Source: Wang et al. 2018, arXiv:1803.00657; `ls` in
        `toys/train_toy_25G.py` of WANG-Chaoyue/EvolutionaryGAN.
    Differs from `least_squares_logit_mutation`, the later code's: here the
        loss is bounded and its gradient vanishes where D is sure.

    Example:
        >>> from keras_latent.evolution_mutations import least_squares_mutation
        >>> float(least_squares_mutation([0.0]))
        0.25
    """
    judged = ops.sigmoid(ops.cast(fake_logits, "float32"))
    return ops.mean(ops.square(judged - 1.0))


def least_squares_logit_mutation(fake_logits):
    """E (D(G(z)) - 1)^2, D being the logits themselves.

    Args:
        fake_logits: float tensor of shape (batch, ...).

    Returns:
        float32 scalar tensor, from 0.

    Source: `lsgan` in `models/networks.py` of
        WANG-Chaoyue/EvolutionaryGAN-pytorch.
    Differs from `least_squares_mutation`, the first code's: the loss has no
        bound, and it draws back logits above 1, which D takes for real.

    Example:
        >>> import keras_latent.evolution_mutations as mutations
        >>> float(mutations.least_squares_logit_mutation([3.0]))
        4.0
    """
    return ops.mean(ops.square(ops.cast(fake_logits, "float32") - 1.0))


MUTATIONS = {
    "minimax": minimax_generator,
    "heuristic": non_saturating_generator,
    "least_squares": least_squares_mutation,
    "least_squares_logit": least_squares_logit_mutation,
}


def find_mutations(mutations):
    """Names and functions of mutations.

    Args:
        mutations: list of names of `MUTATIONS`, or functions of the logits of
            generated examples -> scalar to minimise.

    Returns:
        Tuple (names, functions) of lists; a function's name is its own.

    Raises:
        ValueError: none at all, an unknown name, something else.

    Example:
        >>> from keras_latent.evolution_mutations import find_mutations
        >>> find_mutations(["minimax", "heuristic"])[0]
        ['minimax', 'heuristic']
    """
    known = f"Known names: {list(MUTATIONS)}."
    if not isinstance(mutations, (list, tuple)) or not mutations:
        raise ValueError(
            "`mutations` must be a list of at least one name or function of "
            f"logits. Received: mutations={mutations!r}. {known}"
        )
    wrong = [given for given in mutations if not _is_mutation(given)]
    if wrong:
        raise ValueError(
            "`mutations` must hold known names or functions of logits. "
            f"Received among them: {wrong}. {known}"
        )
    pairs = [
        (given, MUTATIONS[given])
        if isinstance(given, str)
        else (getattr(given, "__name__", type(given).__name__), given)
        for given in mutations
    ]
    return [name for name, _ in pairs], [function for _, function in pairs]


def _is_mutation(given):
    if isinstance(given, str):
        return given in MUTATIONS
    return callable(given) and not isinstance(given, keras.losses.Loss)


def mutations_config(mutations):
    """What is saved of mutations: names, and registered functions.

    Args:
        mutations: list, as for `find_mutations`.

    Returns:
        List for `keras.saving.deserialize_keras_object`.

    Raises:
        ValueError: a function that is not registered, so that a saved model
            could not be loaded.

    Example:
        >>> from keras_latent.evolution_mutations import mutations_config
        >>> mutations_config(("minimax",))
        ['minimax']
    """
    for given in mutations:
        if isinstance(given, str):
            continue
        name = keras.saving.get_registered_name(given)
        if keras.saving.get_registered_object(name) is not given:
            raise ValueError(
                "`mutations` must be names or registered functions to be "
                f"saved. Received: {given!r}. Write "
                "`@keras.saving.register_keras_serializable("
                'package="mine")` over it.'
            )
    return [keras.saving.serialize_keras_object(m) for m in mutations]
