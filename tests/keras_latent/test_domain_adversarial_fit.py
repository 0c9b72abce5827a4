"""However a training runs, stops and goes on, it ends the same."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from domain_models import TARGET, WEIGHTS, X, Y, domain_model, values

import keras_latent as kl

EPOCHS, STEPS = 4, 6  # 96 rows in batches of 16
FIT = dict(target=TARGET, batch_size=16, seed=5, verbose=0)


def train(compiled=None, epochs=EPOCHS, **fit):
    model = domain_model(norm=True, compiled=compiled)
    logs = model.fit(X, Y, epochs=epochs, **FIT, **fit).history
    return values(model.variables), logs, values(model.trainable_variables)


@pytest.fixture(scope="module")
def expected():
    """Variables and logs of steps that run one by one, not compiled."""
    return train(dict(run_eagerly=True))


def assert_equal(found, expected, atol=3e-6):
    for one, other in zip(found[0], expected[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=atol)
    assert set(found[1]) == set(expected[1])
    for name, log in expected[1].items():
        np.testing.assert_allclose(found[1][name], log, rtol=1e-4)


@pytest.mark.parametrize(
    "compiled",
    [
        dict(jit_compile=False),
        dict(jit_compile=True),
        dict(jit_compile=False, steps_per_execution=3),
    ],
    ids=["graph", "xla", "3 steps"],
)
def test_compiled_steps_are_the_eager_ones(compiled, expected):
    assert_equal(train(compiled), expected)


def test_the_default_weight_is_the_paper_s_over_all_of_the_fit(expected):
    def trained(weight):
        compiled = dict(run_eagerly=True)
        model = domain_model(norm=True, weight=weight, compiled=compiled)
        model.fit(X, Y, epochs=EPOCHS, **FIT)
        return values(model.trainable_variables)

    found = trained(kl.AdversarialSchedule(EPOCHS * STEPS))
    other = trained(kl.AdversarialSchedule(EPOCHS * STEPS + 1))
    for one, default in zip(found, expected[2], strict=True):
        np.testing.assert_allclose(one, default, rtol=1e-5, atol=3e-6)
    pairs = zip(other, expected[2], strict=True)
    assert max(np.abs(one - default).max() for one, default in pairs) > 1e-4


def test_loaded_and_continued_it_ends_as_if_never_stopped(tmp_path, expected):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    model = domain_model(norm=True, compiled=dict(run_eagerly=True))
    model.fit(X, Y, epochs=EPOCHS, **FIT, callbacks=[Stop()])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for one, other in zip(
        values(loaded.variables), values(model.variables), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    logs = loaded.fit(X, Y, epochs=EPOCHS, initial_epoch=2, **FIT).history
    later = {name: log[2:] for name, log in expected[1].items()}
    assert_equal((values(loaded.variables), logs), (expected[0], later))


def test_interrupted_and_restored_from_a_backup_it_ends_the_same(
    tmp_path, expected
):
    class Fail(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    def backup():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup")

    compiled = dict(run_eagerly=True)
    model = domain_model(norm=True, compiled=compiled)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=EPOCHS, **FIT, callbacks=[backup(), Fail()])
    other = domain_model(norm=True, compiled=compiled)
    logs = other.fit(X, Y, epochs=EPOCHS, **FIT, callbacks=[backup()]).history
    later = {name: log[2:] for name, log in expected[1].items()}
    assert_equal((values(other.variables), logs), (expected[0], later))


def test_data_sets_and_pairs_train_as_arrays_do():
    def parts(data, **fit):
        model = domain_model(weight=0.5, compiled=dict(run_eagerly=True))
        model.fit(data, epochs=2, verbose=0, **fit)
        return values(model.trainable_variables)

    model = domain_model(weight=0.5, compiled=dict(run_eagerly=True))
    model.fit(
        X,
        Y,
        16,
        2,
        target=X + 1,
        shuffle=False,
        sample_weight=WEIGHTS,
        verbose=0,
    )
    reference = values(model.trainable_variables)
    source = tf.data.Dataset.from_tensor_slices((X, Y, WEIGHTS)).batch(16)
    target = tf.data.Dataset.from_tensor_slices(X + 1).batch(16)
    endless = kl.pair((X, Y, WEIGHTS), X + 1, 16, shuffle=False)
    for found in (
        parts(source, target=target),
        parts(kl.pair(source, target)),
        parts(endless, steps_per_epoch=6),
    ):
        for one, other in zip(found, reference, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_class_weights_are_sample_weights():
    found = []
    for given in (
        dict(class_weight={0: 1.0, 1: 3.0}),
        dict(sample_weight=np.where(Y == 1, 3.0, 1.0)),
    ):
        model = domain_model(weight=0.5, compiled=dict(run_eagerly=True))
        model.fit(X, Y, **FIT, **given)
        found.append(values(model.trainable_variables))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_in_mixed_precision_it_trains_and_scales_the_loss():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = domain_model(norm=True, compiled=dict(run_eagerly=True))
    finally:
        keras.config.set_dtype_policy("float32")
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    logs = model.fit(X, Y, epochs=EPOCHS, **FIT).history
    assert int(model.total_steps) == EPOCHS * STEPS
    assert logs["label_loss"][-1] < logs["label_loss"][0]
    assert np.isfinite(logs["domain_loss"]).all()
    assert model.predict(X[:2], verbose=0).dtype == np.float16


def test_a_config_names_every_argument():
    import inspect

    model = domain_model(weight=kl.AdversarialSchedule(9), statistics="source")
    config = model.get_config()
    names = inspect.signature(kl.DomainAdversarial.__init__).parameters
    assert set(config) - {"trainable"} == set(names) - {"self", "kwargs"}
    other = kl.DomainAdversarial.from_config(config)
    assert other.statistics == "source"
    assert other.weight.get_config() == model.weight.get_config()
