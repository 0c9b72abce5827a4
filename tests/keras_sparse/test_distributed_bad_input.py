"""What the trainer for replicas and workers refuses, with clear errors."""

import json
import types

import keras
import numpy as np
import pytest

import keras_sparse as ks

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.distribute"
)
WORKERS = {"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}}


def batches(number=2, size=4):
    import tensorflow as tf

    x = np.ones((number * size, 3), "float32")
    return tf.data.Dataset.from_tensor_slices((x, x)).batch(size)


def network(compiled=True, built=True, **options):
    first = [keras.Input((3,))] if built else []
    model = keras.Sequential([*first, keras.layers.Dense(3)], name="m")
    if compiled:
        model.compile("sgd", "mse", **options)
    return model


def fit(model=None, dataset=None, epochs=1, **arguments):
    model = model or network()
    dataset = batches() if dataset is None else dataset
    return ks.distributed.fit(model, dataset, epochs, verbose=0, **arguments)


def unknown_length():
    return batches().filter(lambda x, y: True)


CASES = {
    "no model": (lambda: fit("model"), TypeError, "`model` must be a keras"),
    "not compiled": (
        lambda: fit(network(compiled=False)),
        ValueError,
        "`model` must be compiled",
    ),
    "not built": (
        lambda: fit(network(built=False)),
        ValueError,
        "`model` must be built",
    ),
    "eager": (
        lambda: fit(network(run_eagerly=True)),
        ValueError,
        "`run_eagerly` must be False",
    ),
    "no epochs": (lambda: fit(epochs=0), ValueError, "`epochs` must be"),
    "arrays": (
        lambda: fit(dataset=np.ones((4, 3))),
        TypeError,
        "`dataset` must be a tf.data.Dataset",
    ),
    "validation arrays": (
        lambda: fit(validation_data=np.ones((4, 3))),
        TypeError,
        "`validation_data` must be a tf.data.Dataset",
    ),
    "unknown length": (
        lambda: fit(dataset=unknown_length()),
        ValueError,
        "`steps_per_epoch` must be given",
    ),
    "endless": (
        lambda: fit(dataset=batches().repeat()),
        ValueError,
        "`steps_per_epoch` must be given",
    ),
    "function without length": (
        lambda: fit(dataset=lambda context: batches()),
        ValueError,
        "`steps_per_epoch` must be given",
    ),
    "empty": (
        lambda: fit(dataset=batches().take(0)),
        ValueError,
        "`dataset` must hold at least one batch",
    ),
    "endless validation": (
        lambda: fit(validation_data=batches().repeat()),
        ValueError,
        "`validation_steps` must be given",
    ),
    "empty validation": (
        lambda: fit(validation_data=batches().take(0)),
        ValueError,
        "`validation_data` must hold at least one batch",
    ),
    "no callback": (
        lambda: fit(callbacks=[print]),
        TypeError,
        "`callbacks` must be a list",
    ),
    "callback of fit": (
        lambda: fit(callbacks=[keras.callbacks.BackupAndRestore("folder")]),
        ValueError,
        "`callbacks` must hold no BackupAndRestore",
    ),
    "backups without folder": (
        lambda: fit(backup_every=3),
        ValueError,
        "`backup_dir` must be given",
    ),
    "unknown strategy": (
        lambda: ks.distributed.strategy("parameter_server"),
        ValueError,
        "`name` must be one of",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_is_refused(case):
    call, error, message = CASES[case]
    with pytest.raises(error, match=message):
        call()


def test_jit_compile_is_refused_under_a_strategy_of_several_replicas():
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = network(jit_compile=True)
    with pytest.raises(ValueError, match="`jit_compile` must be False"):
        fit(model)


def fixed(dataset):
    return dataset.rebatch(3, drop_remainder=True)


@pytest.mark.parametrize(
    "dataset, found",
    [
        pytest.param(batches, "a size that differs", id="last-batch-smaller"),
        pytest.param(
            lambda: batches(2, 5).map(lambda x, y: (x[:5], y[:5])),
            "a size that differs",
            id="size-not-known",
        ),
        pytest.param(
            lambda: batches(3, 3).apply(fixed),
            "\\[3\\]",
            id="not-divisible",
        ),
    ],
)
def test_batches_that_replicas_cannot_share_equally_are_refused(dataset, found):
    from keras_sparse.distributed_data import training_batches

    two = types.SimpleNamespace(num_replicas_in_sync=2)
    with pytest.raises(ValueError, match=f"`dataset` must have .*{found}"):
        training_batches(two, dataset(), 1)


@pytest.mark.parametrize(
    "text, reason",
    [
        ("{", "no JSON"),
        ("[]", 'no "cluster"'),
        (
            '{"cluster": {"worker": "a:1"}, "task": {}}',
            'no list of "host:port"',
        ),
        (json.dumps({**WORKERS, "task": {"index": 0}}), "type of the task"),
        (
            json.dumps({**WORKERS, "task": {"type": "worker", "index": 2}}),
            "the index 2 is none of 2",
        ),
    ],
)
def test_a_broken_tf_config_is_refused(monkeypatch, text, reason):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match=f"`TF_CONFIG` must .*{reason}"):
        ks.distributed.strategy("multiworker")


def test_several_workers_need_the_strategy_for_them(monkeypatch):
    config = {**WORKERS, "task": {"type": "worker", "index": 1}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    with pytest.raises(ValueError, match="a MultiWorkerMirroredStrategy"):
        fit()


def test_a_tpu_that_is_not_there_is_told_in_bounded_time():
    for tpu, timeout in (("local", 60.0), ("grpc://127.0.0.1:9", 0.5)):
        with pytest.raises(RuntimeError, match="`tpu` must name a TPU that"):
            ks.distributed.strategy("tpu", tpu, timeout)


def test_states_that_do_not_fit_are_refused(tmp_path):
    from keras_sparse import distributed_state

    fit(backup_dir=tmp_path)
    with pytest.raises(ValueError, match="`steps_per_epoch` must be as"):
        fit(dataset=batches(3), backup_dir=tmp_path)
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    other.compile("sgd", "mse")
    with pytest.raises(ValueError, match="must hold the state of this model"):
        fit(other, backup_dir=tmp_path)
    whole = distributed_state.read(tmp_path)
    for content in (whole[: len(whole) // 2], b"", b"no archive"):
        distributed_state.write(tmp_path, content)
        with pytest.raises(ValueError, match="must hold a readable state"):
            fit(backup_dir=tmp_path)


def test_a_distributed_dataset_that_ends_is_refused():
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope() as strategy:
        model = network()
    ready = strategy.experimental_distribute_dataset(batches())
    with pytest.raises(ValueError, match="`dataset` must go on for all epochs"):
        fit(model, ready, epochs=2)
