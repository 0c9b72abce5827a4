"""Which optimizers keep zeros when the gradient is masked, and all slots."""

import keras
import numpy as np
import pytest
from keras import ops, optimizers

from keras_sparse import slots

# What may move a weight without a gradient of its own.
VARIANTS = [
    {},
    dict(weight_decay=0.1, clipnorm=0.1),
    dict(weight_decay=0.1, global_clipnorm=0.1),
    dict(use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=4),
]
OPTIONS = {
    "SGD": [dict(momentum=0.9), dict(momentum=0.9, nesterov=True)],
    "Adam": [dict(amsgrad=True)],
    "AdamW": [dict(amsgrad=True)],
    "RMSprop": [dict(centered=True, momentum=0.9)],
    "Adafactor": [dict(epsilon_1=1e-12, clip_threshold=0.01)],
    "Ftrl": [
        dict(
            beta=0.1,
            l1_regularization_strength=0.01,
            l2_regularization_strength=0.01,
            l2_shrinkage_regularization_strength=0.01,
        )
    ],
}
ELEMENTWISE = [
    (kind, {**options, **variant})
    for kind in slots._ELEMENTWISE
    for options in [{}, *OPTIONS.get(kind.__name__, [])]
    for variant in VARIANTS
]


def trained(optimizer, number_of_steps=20):
    """(mask, variables, their start) around steps with masked gradients.

    The variables are a weight and its slots of the same shape.
    """
    generator = np.random.default_rng(5)
    mask = generator.random((6, 5)) < 0.4
    mask[2] = False  # an input that nobody reads
    # Where a row and a column have no gradient, Adafactor with its default
    # epsilon_1 divides 0 by 0, in any Keras model.
    if getattr(optimizer, "epsilon_1", 1) > 1e-20:
        mask[:, 3] = False  # an output that reads nothing
    start = (generator.normal(size=mask.shape) * mask).astype("float32")
    weight = keras.Variable(start)
    found = slots.build_and_record_slots(optimizer, [weight])[id(weight)]
    for slot, value in found:  # as a mask update leaves them
        slot.assign(np.where(mask, ops.convert_to_numpy(slot), value))
    variables = [weight, *(slot for slot, _ in found)]
    before = [np.array(ops.convert_to_numpy(v)) for v in variables]
    for _ in range(number_of_steps):
        gradient = generator.normal(size=mask.shape) * mask
        gradient = ops.convert_to_tensor(gradient.astype("float32"))
        optimizer.apply([gradient], [weight])
    return mask, [ops.convert_to_numpy(v) for v in variables], before


@pytest.mark.parametrize(
    "kind, options",
    ELEMENTWISE,
    ids=[f"{kind.__name__}-{'-'.join(o)}" for kind, o in ELEMENTWISE],
)
def test_masked_gradients_alone_keep_zeros(kind, options):
    optimizer = kind(**{"learning_rate": 0.05, **options})
    assert slots.keeps_zeros(optimizer)
    mask, values, before = trained(optimizer)
    if kind.__name__ == "Adafactor":  # its v is a product, made anew each step
        values, before = values[:1], before[:1]
    for value, start in zip(values, before, strict=True):
        np.testing.assert_array_equal(value[~mask], start[~mask])
        assert np.isfinite(value).all()
    assert not values[0][~mask].any()
    assert (values[0] != before[0])[mask].mean() > 0.5  # Lion's may cancel


@pytest.mark.parametrize("name", ["Muon", "ScheduleFreeAdamW"])
def test_other_optimizers_are_masked_once_more(name):
    if not hasattr(optimizers, name):
        pytest.skip(f"this Keras has no {name}")
    assert not slots.keeps_zeros(getattr(optimizers, name)())


def test_muon_mixes_the_entries_of_a_matrix():
    if not hasattr(optimizers, "Muon"):
        pytest.skip("this Keras has no Muon")
    mask, values, _ = trained(optimizers.Muon(0.05), number_of_steps=1)
    assert values[0][~mask].any()


def test_an_optimizer_of_the_user_is_masked_once_more():
    class Mine(optimizers.SGD):
        pass

    assert not slots.keeps_zeros(Mine())


@pytest.mark.parametrize(
    "optimizer, number",
    [
        (optimizers.SGD(), 0),
        (optimizers.SGD(momentum=0.9), 1),
        (optimizers.SGD(momentum=0.9, use_ema=True), 2),
        (optimizers.Adam(), 2),
        (optimizers.Adam(amsgrad=True), 3),
        (optimizers.Adam(amsgrad=True, use_ema=True), 4),
        (optimizers.RMSprop(centered=True, momentum=0.9), 3),
        (optimizers.Ftrl(), 2),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_every_slot_of_a_weight_is_recorded_once(optimizer, number):
    weights = [
        keras.Variable(np.zeros(shape, "float32"), name=f"w{i}")
        for i, shape in enumerate([(6, 5), (5,), (5, 4)])
    ]
    found = slots.build_and_record_slots(optimizer, weights)
    assert set(found) == {id(weight) for weight in weights}
    for weight in weights:
        expected = [v for v in optimizer.variables if v.shape == weight.shape]
        assert len(expected) == number
        recorded = {id(slot) for slot, _ in found[id(weight)]}
        assert recorded == {id(slot) for slot in expected}
    assert "add_variable_from_reference" not in vars(optimizer)
