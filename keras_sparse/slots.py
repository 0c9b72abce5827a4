"""What the wrapper must know of the optimizer inside it."""

import keras

# With a zero gradient these leave a zero weight with zero slots at zero, so
# masking the gradient is enough; tests/keras_sparse/test_slots.py proves it
# for each. Others (Muon mixes the entries of a matrix) are masked once more.
_ELEMENTWISE = tuple(
    getattr(keras.optimizers, name)
    for name in (
        "SGD",
        "Adam",
        "AdamW",
        "Adamax",
        "Nadam",
        "RMSprop",
        "Adagrad",
        "Adadelta",
        "Adafactor",
        "Ftrl",
        "Lamb",
        "Lion",
    )
    if hasattr(keras.optimizers, name)
)


def inner_optimizer(inner):
    """The optimizer to wrap, of itself, its name or its config.

    Raises:
        ValueError: there is no such optimizer, or it cannot be wrapped.
    """
    try:
        found = keras.optimizers.get(inner)
    except KeyError:
        found = None  # a dict that is no config
    if not isinstance(found, keras.optimizers.Optimizer):
        raise ValueError(
            "`inner` must be a Keras optimizer, or the name of one. Received: "
            f"{inner!r}. Pass keras.optimizers.SGD(0.1), say."
        )
    _check_inner(found)
    return found


def _check_inner(optimizer):
    refused = {
        "LossScaleOptimizer": "Put it outside: LossScaleOptimizer("
        "SparseOptimizer(inner, method)); with mixed_float16 `compile` does.",
        "MultiOptimizer": "Its optimizers keep their slots out of sight: use "
        "one optimizer for all weights.",
        "SparseOptimizer": "Pass the optimizer inside it, as "
        "`optimizer.inner_optimizer`, made anew from its config.",
    }
    for kind in type(optimizer).__mro__:
        if kind.__name__ in refused:
            raise ValueError(
                "`inner` must be a plain Keras optimizer. Received: "
                f"{type(optimizer).__name__}. {refused[kind.__name__]}"
            )
    if optimizer.built:
        raise ValueError(
            "`inner` must not be built yet, so that its slots can be followed. "
            f"Received: a built {type(optimizer).__name__}, perhaps of another "
            "model. Pass a new one: type(inner).from_config("
            "inner.get_config())."
        )


def keeps_zeros(optimizer):
    """Whether masked gradients alone keep pruned weights at zero."""
    own = type(optimizer).__module__.split(".")[0] == "keras"
    return own and isinstance(optimizer, _ELEMENTWISE)


def build_and_record_slots(optimizer, variables):
    """Builds an optimizer and notes the slots it makes for each variable.

    Args:
        optimizer: `keras.optimizers.Optimizer` that is not built.
        variables: list of `keras.Variable`.

    Returns:
        Dict id(variable) -> list of (slot variable of the same shape, value
        that it has for a new weight). Slots are momenta, moments, AMSGrad
        maxima, moving averages. The value is 0 but for the accumulators of
        Adagrad and Ftrl, by which Ftrl divides.
    """
    slots: dict[int, list] = {id(variable): [] for variable in variables}
    make = optimizer.add_variable_from_reference

    def make_and_record(reference_variable, name=None, initializer="zeros"):
        slot = make(reference_variable, name, initializer)
        if slot.shape == reference_variable.shape:
            constant = isinstance(initializer, keras.initializers.Constant)
            value = initializer.value if constant else 0.0
            slots[id(reference_variable)].append((slot, value))
        return slot

    optimizer.add_variable_from_reference = make_and_record
    try:
        optimizer.build(variables)
    finally:
        del optimizer.add_variable_from_reference
    return slots
