"""A config holds exactly the constructor's arguments, and makes an equal."""

import inspect
import json

import keras
import numpy as np
import pytest

import keras_sparse as ks
from keras_sparse.config import check_count, check_fraction

MOVING = dict(
    sparsity=0.8,
    distribution="uniform",
    update_every=7,
    update_until=70,
    drop_fraction=0.4,
    seed=5,
    drop_schedule="linear",
    update_from=3,
    custom={"a/kernel": 0.5},
    dense_first=True,
    pattern=ks.Block(2, 1),
)
WHOLE = {name: v for name, v in MOVING.items() if name != "pattern"}
PERIODIC = {
    name: value
    for name, value in WHOLE.items()
    if name not in ("drop_fraction", "drop_schedule")
}
LARGEST = dict(
    sparsity=0.8,
    distribution="uniform",
    update_every=7,
    custom={"a/kernel": 0.5},
    dense_first=True,
    pattern=ks.ConstantFanIn(),
)
POLYNOMIAL = dict(
    initial_sparsity=0.1,
    final_sparsity=0.9,
    begin_step=2,
    end_step=50,
    power=2.0,
    frequency=4,
)
TABLE = [
    (
        ks.Static,
        dict(
            sparsity=0.8,
            distribution="er",
            custom={"a/kernel": 0.5},
            dense_first=True,
            seed=4,
            pattern=ks.Channels(),
        ),
    ),
    (ks.SET, MOVING),
    (ks.RigL, MOVING),
    (
        ks.SNFS,
        dict(momentum=0.5, redistribution=None, pattern=ks.Channels(), **WHOLE),
    ),
    (
        ks.DSR,
        dict(threshold=0.5, target_fraction=0.25, tolerance=0.2, **PERIODIC),
    ),
    (ks.DeepR, dict(l1=0.5, temperature=0.1, **PERIODIC)),
    (
        ks.GraNet,
        dict(
            initial_sparsity=0.1,
            final_sparsity=0.8,
            begin_step=3,
            end_step=50,
            update_every=7,
            update_until=70,
            drop_fraction=0.4,
            drop_schedule="linear",
            distribution="uniform",
            seed=5,
        ),
    ),
    (
        ks.ACDC,
        dict(
            sparsity=0.8,
            warmup_steps=3,
            phase_steps=4,
            compress_from=50,
            dense_steps=5,
            scope="layer",
            pattern=ks.Block(1, 4),
        ),
    ),
    (ks.STE, LARGEST),
    (ks.TopKAST, dict(backward_sparsity=0.5, penalty=0.01, **LARGEST)),
    (ks.Block, dict(rows=4, columns=2)),
    (ks.NofM, dict(n=1, m=3, axis=-1)),
    (ks.Channels, {}),
    (ks.ConstantFanIn, dict(min_salient=0.3)),
    (ks.PolynomialDecay, POLYNOMIAL),
    (
        ks.ConstantSparsity,
        dict(target_sparsity=0.5, begin_step=3, end_step=90, frequency=6),
    ),
    (
        ks.MagnitudePruning,
        dict(
            schedule=ks.PolynomialDecay(**POLYNOMIAL),
            scope="layer",
            pattern=ks.Block(1, 4),
        ),
    ),
    (
        ks.SparseOptimizer,
        dict(
            inner=keras.optimizers.Adam(0.01, gradient_accumulation_steps=3),
            method=ks.RigL(**MOVING),
            filters=["a", "b"],
            name="mine",
        ),
    ),
]
every_class = pytest.mark.parametrize(
    "kind, arguments", TABLE, ids=[kind.__name__ for kind, _ in TABLE]
)


def fresh(kind, arguments):
    """Its own inner optimizer: a wrapper takes over what it wraps."""
    if "inner" in arguments:
        inner = arguments["inner"]
        inner = type(inner).from_config(inner.get_config())
        arguments = {**arguments, "inner": inner}
    return kind(**arguments)


@every_class
def test_config_keys_are_the_constructors_arguments(kind, arguments):
    names = set(inspect.signature(kind).parameters)
    assert names == set(arguments), "the table must name every argument"
    assert set(fresh(kind, arguments).get_config()) == names


@every_class
def test_an_object_made_from_the_config_has_the_same_config(kind, arguments):
    first = fresh(kind, arguments)
    config = first.get_config()
    assert kind.from_config(config).get_config() == config
    json.dumps(config)  # plain values only
    for name, value in arguments.items():
        if isinstance(value, (int, float, str, dict, list)):
            assert config[name] == value


@every_class
def test_keras_serialisation_round_trip(kind, arguments):
    first = fresh(kind, arguments)
    config = keras.saving.serialize_keras_object(first)
    assert config["registered_name"] == f"keras_sparse>{kind.__name__}"
    second = keras.saving.deserialize_keras_object(
        json.loads(json.dumps(config))
    )
    assert type(second) is kind
    assert second.get_config() == first.get_config()


@every_class
def test_the_config_is_not_changed_by_from_config(kind, arguments):
    config = fresh(kind, arguments).get_config()
    before = json.dumps(config)
    kind.from_config(config)
    assert json.dumps(config) == before


def test_gradient_accumulation_of_the_inner_optimizer_is_kept():
    inner = keras.optimizers.Adam(0.01, gradient_accumulation_steps=3)
    optimizer = ks.SparseOptimizer(inner, ks.Static(0.5))
    again = ks.SparseOptimizer.from_config(optimizer.get_config())
    for sparse in (optimizer, again):
        assert sparse.gradient_accumulation_steps == 3
        assert sparse.inner_optimizer.gradient_accumulation_steps is None


@keras.saving.register_keras_serializable(package="keras_sparse_tests")
class Sudden:
    """A schedule of the user's: half the weights go at step 4."""

    def __call__(self, step):
        return keras.ops.equal(step, 4), 0.5

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def test_a_schedule_of_the_users_own_round_trips():
    method = ks.MagnitudePruning(Sudden())
    again = ks.MagnitudePruning.from_config(method.get_config())
    assert type(again.schedule) is Sudden
    assert [bool(again.due(step)) for step in (3, 4, 5)] == [False, True, False]


def test_repr_shows_how_to_make_the_object():
    schedule = ks.ConstantSparsity(0.5, begin_step=3)
    shown = "ConstantSparsity(target_sparsity=0.5, begin_step=3, "
    assert repr(schedule) == shown + "end_step=-1, frequency=100)"


@pytest.mark.parametrize(
    "value, plain",
    [
        (0, 0),
        (0.9, 0.9),
        (np.float64(0.9), 0.9),
        (np.float32(0.75), 0.75),
        (np.float16(0.25), 0.25),
        (np.int64(0), 0),
    ],
)
def test_a_fraction_is_kept_as_a_python_number(value, plain):
    found = check_fraction("sparsity", value)
    assert found == plain and type(found) is type(plain)
    assert json.loads(json.dumps(found)) == plain


def test_one_is_a_fraction_only_where_it_is_included():
    found = check_fraction("share", np.float32(1), upper_included=True)
    assert found == 1.0 and type(found) is float
    with pytest.raises(
        ValueError, match=r"`share` must be a number in \[0, 1\)"
    ):
        check_fraction("share", np.float32(1))


@pytest.mark.parametrize(
    "value", [100, np.int64(100), np.int8(100), np.uint16(100)]
)
def test_a_count_is_kept_as_a_python_integer(value):
    found = check_count("update_every", value, lowest=100)
    assert found == 100 and type(found) is int
    assert json.dumps(found) == "100"
    assert check_count("update_until", None, 1, none_allowed=True) is None


NO_NUMBER = [True, np.True_, "0", None, 0j, [0], np.array([0.0]), np.nan, -1]


@pytest.mark.parametrize("value", NO_NUMBER, ids=repr)
def test_what_is_no_fraction_is_refused(value):
    with pytest.raises(ValueError, match="`share` must be .* Received: share="):
        check_fraction("share", value, upper_included=True)


@pytest.mark.parametrize("value", [*NO_NUMBER, 1.0, np.float32(1), 0], ids=repr)
def test_what_is_no_count_is_refused(value):
    with pytest.raises(ValueError, match="`steps` must be .* Received: steps="):
        check_count("steps", value, lowest=1)


def test_an_argument_that_is_not_stored_is_named():
    class Forgetful(ks.Method):
        def __init__(self, share):
            self.part = share

    with pytest.raises(AttributeError, match="self.share = share"):
        Forgetful(0.5).get_config()
