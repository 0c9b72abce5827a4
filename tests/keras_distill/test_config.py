"""A config holds exactly the constructor's arguments, and makes an equal."""

import inspect
import json

import keras
import numpy as np
import pytest

import keras_distill as kd

REDUCTION = dict(name="other", reduction="sum")
CASES = [
    (kd.SubclassDistillation, dict(temperature=2.5, **REDUCTION)),
    (
        kd.LogitsDistillation,
        dict(temperature=2.5, num_classes=3, **REDUCTION),
    ),
    (
        kd.SubclassCrossentropy,
        dict(
            num_classes=3,
            diversity_weight=0.5,
            diversity_temperature=0.3,
            cross_replica=False,
            **REDUCTION,
        ),
    ),
    (
        kd.SubclassAccuracy,
        dict(num_classes=3, name="other", dtype="float32"),
    ),
    (
        kd.SubclassDiversity,
        dict(
            temperature=0.3, cross_replica=False, name="other", dtype="float32"
        ),
    ),
]
TABLE = pytest.mark.parametrize(
    "kind, arguments", CASES, ids=[case[0].__name__ for case in CASES]
)


@TABLE
def test_the_config_is_the_arguments(kind, arguments):
    config = kind(**arguments).get_config()
    assert sorted(config) == sorted(inspect.signature(kind).parameters)
    assert config == arguments


@TABLE
def test_an_equal_comes_back_through_json(kind, arguments):
    written = keras.saving.serialize_keras_object(kind(**arguments))
    read = keras.saving.deserialize_keras_object(
        json.loads(json.dumps(written))
    )
    assert type(read) is kind
    assert read.get_config() == kind(**arguments).get_config()


def test_numbers_of_numpy_become_plain():
    loss = kd.SubclassCrossentropy(np.int64(2), np.float32(1), np.float64(0.5))
    json.dumps(loss.get_config())
    json.dumps(kd.LogitsDistillation(np.float32(2), np.int32(2)).get_config())
    json.dumps(kd.ClassLogits(np.int64(2)).get_config()["num_classes"])


def test_the_layer_comes_back():
    layer = kd.ClassLogits(3, name="head", dtype="float32")
    read = kd.ClassLogits.from_config(layer.get_config())
    assert read.num_classes == 3 and read.name == "head"
    assert read.get_config() == layer.get_config()
