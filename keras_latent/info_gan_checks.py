"""Networks of an `InfoGAN` that meet, and those that share features."""

import keras

from keras_latent.fader_checks import check_built, check_separate, shapes_meet


def with_features(features, head, argument):
    """A model of examples: `head` on the features of `features`.

    Args:
        features: built `keras.Model` of examples to features.
        head: built `keras.Model` of features.
        argument: str, the name of `head` in an error.

    Returns:
        `keras.Model` that shares the weights of both.

    Raises:
        ValueError: models that are not built or do not meet.

    Example:
        >>> import keras
        >>> from keras_latent.info_gan_checks import with_features
        >>> dense = keras.layers.Dense
        >>> body = keras.Sequential([keras.Input((4,)), dense(3)])
        >>> head = keras.Sequential([keras.Input((3,)), dense(1)])
        >>> with_features(body, head, "discriminator").output_shape
        (None, 1)
    """
    check_built("features", features)
    check_built(argument, head)
    made, taken = features.output_shape[1:], head.input_shape[1:]
    if not shapes_meet(made, taken):
        raise ValueError(
            f"`{argument}` must take what `features` makes. Received: "
            f"features of shape {made}, and a model for {taken}. Leave "
            "`features` out where it takes examples."
        )
    inputs = keras.Input(features.input_shape[1:])
    return keras.Model(inputs, head(features(inputs)), name=argument)


def check_recognizer(gan, recognizer, features):
    """Raises unless a recognizer fits an `InfoGAN` and its codes.

    Args:
        gan: `InfoGAN`.
        recognizer: `keras.Model` of examples, or of features.
        features: `keras.Model` of examples, or None.
    """
    check_built("recognizer", recognizer)
    networks = dict(generator=gan.generator, recognizer=recognizer)
    check_separate({**networks, "discriminator": gan.discriminator})
    if len(gan.latent_shape) != 1 or gan.latent_shape[0] < gan.code_width:
        raise ValueError(
            "`generator` must take latent points of at least as many numbers "
            f"as the codes have: {gan.code_width}, the rest is noise. "
            f"Received: a generator for {gan.latent_shape}."
        )
    if features is None:
        made = gan.generator.output_shape[1:]
        if not shapes_meet(made, recognizer.input_shape[1:]):
            raise ValueError(
                "`recognizer` must take what `generator` makes. Received: "
                f"examples of shape {made}, and a recognizer for "
                f"{recognizer.input_shape[1:]}. If it takes features, give "
                "the model that makes them as `features`."
            )
    columns = gan.code_width + gan.learned_variance * gan.continuous
    if tuple(recognizer.output_shape[1:]) != (columns,):
        raise ValueError(
            f"`recognizer` must end in {columns} numbers: logits of "
            f"categorical={gan.categorical}, means of {gan.continuous} "
            "continuous codes, and their log variances where "
            f"learned_variance={gan.learned_variance}. Received: output shape "
            f"{recognizer.output_shape}."
        )
