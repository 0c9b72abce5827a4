"""The two optimizers of a model whose networks train against each other."""

import keras

SETTINGS = ("run_eagerly", "jit_compile", "steps_per_execution")


def check_optimizers(named, instead):
    """Raises unless two optimizers can train two networks in turns.

    Args:
        named: dict of two arguments' names to `keras.optimizers.Optimizer`.
        instead: str, what to do instead of averaging weights.

    Raises:
        ValueError: the same optimizer twice; one with `use_ema`.
    """
    (first, one), (second, other) = named.items()
    if one is other:
        raise ValueError(
            f"`{first}` must be another object than `{second}`: "
            "each has the state of its own weights. Received: the same "
            f"{type(one).__name__} twice. Make two."
        )
    for argument, given in named.items():
        if getattr(given, "use_ema", False):
            raise ValueError(
                f"`{argument}` must not average weights (`use_ema=True`): fit "
                "would put averages of some networks beside last weights of "
                f"others. Received: {type(given).__name__}(use_ema=True). "
                f"{instead}"
            )


def scale_if_half(optimizer, network, name):
    """The optimizer, with a scaled loss where the network is mixed_float16.

    Args:
        optimizer: `keras.optimizers.Optimizer`.
        network: `keras.Model` that it trains.
        name: str, of the optimizer around it.

    Returns:
        `keras.optimizers.LossScaleOptimizer`, or `optimizer` itself.
    """
    scaling = keras.optimizers.LossScaleOptimizer
    half = network.dtype_policy.name == "mixed_float16"
    if half and not isinstance(optimizer, scaling):
        return scaling(optimizer, name=name)
    return optimizer


def compile_config(given, optimizers):
    """What a model with optimizers of its own was compiled with.

    Args:
        given: dict, `keras.Model.get_compile_config()`.
        optimizers: dict of the arguments' names to optimizers or None.

    Returns:
        Dict of serialized arguments of `compile`.
    """
    return {key: given[key] for key in SETTINGS} | {
        name: keras.saving.serialize_keras_object(optimizer)
        for name, optimizer in optimizers.items()
    }
