"""The trainer for replicas and workers, on one device: as `Model.fit`."""

import keras
import numpy as np
import pytest

import keras_sparse as ks

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.distribute"
)
LOSS = "sparse_categorical_crossentropy"


def datasets():
    """20 shuffled batches of training, 3 unequal ones of validation.

    Made anew for each training, as a new process does: each iterator of one
    dataset shuffles otherwise than the one before.
    """
    import tensorflow as tf

    generator = np.random.default_rng(0)
    x = generator.normal(size=(160, 10)).astype("float32")
    y = (x @ generator.normal(size=(10, 3))).argmax(1)
    examples = tf.data.Dataset.from_tensor_slices((x, y))
    shuffled = examples.shuffle(160, seed=3).batch(8, drop_remainder=True)
    return shuffled, examples.take(40).batch(16)


def network(**options):
    keras.utils.set_random_seed(1)
    layers = [
        keras.Input((10,)),
        keras.layers.Dense(16, "relu", name="a"),
        keras.layers.BatchNormalization(name="b"),
        keras.layers.Dropout(0.1, name="d"),
        keras.layers.Dense(3, "softmax", name="c"),
    ]
    model = keras.Sequential(layers, name="m")
    method = ks.RigL(0.6, update_every=4)
    optimizer = ks.SparseOptimizer(keras.optimizers.Adam(0.01), method)
    model.compile(optimizer, LOSS, metrics=["accuracy"], **options)
    return model


def train(epochs=2, options=None, **arguments):
    model = network(**options or {})
    data, validation = datasets()
    history = ks.distributed.fit(
        model, data, epochs, validation_data=validation, verbose=0, **arguments
    )
    return ks.distributed.fingerprint(model), history.history


class StopAfter(keras.callbacks.Callback):
    """Interrupts the training after so many batches."""

    def __init__(self, batches):
        super().__init__()
        self._left = batches

    def on_train_batch_end(self, batch, logs=None):
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt


def test_equals_model_fit_bit_by_bit():
    model, (data, validation) = network(), datasets()
    history = model.fit(
        data.repeat(),
        epochs=2,
        steps_per_epoch=20,
        shuffle=False,
        validation_data=validation,
        verbose=0,
    )
    found, logs = train(options={"steps_per_execution": 3})
    assert found == ks.distributed.fingerprint(model)
    assert logs == history.history


def test_resumes_within_an_epoch_with_the_same_weights(tmp_path):
    def callbacks(*more):
        reduce = keras.callbacks.ReduceLROnPlateau(
            monitor="loss", patience=1, min_delta=10.0
        )
        return [
            keras.callbacks.EarlyStopping("loss", patience=9),
            reduce,
            *more,
        ]

    unbroken, logs = train(3, callbacks=callbacks())
    assert logs["learning_rate"][2] < logs["learning_rate"][0]
    arguments = {"backup_dir": tmp_path / "state", "backup_every": 6}
    with pytest.raises(KeyboardInterrupt):
        train(3, callbacks=callbacks(StopAfter(33)), **arguments)
    resumed, resumed_logs = train(3, callbacks=callbacks(), **arguments)
    assert resumed == unbroken
    assert resumed_logs == logs
    again, logs = train(3, callbacks=callbacks(), **arguments)
    assert again == unbroken and logs == resumed_logs  # nothing is left to do


def test_callbacks_see_each_batch_and_epoch_and_can_stop():
    seen = []

    class Spy(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append(("epoch", epoch))

        def on_train_batch_begin(self, batch, logs=None):
            seen.append(("begin", batch))

        def on_train_batch_end(self, batch, logs=None):
            seen.append(("end", batch, *sorted(logs)))
            self.model.stop_training = batch == 1

        def on_test_end(self, logs=None):
            seen.append(("test", *sorted(logs)))

    train(5, callbacks=[Spy()], initial_epoch=3, steps_per_epoch=7)
    names = ("accuracy", "loss")
    assert seen == [
        ("epoch", 3),
        ("begin", 0),
        ("end", 0, *names),
        ("begin", 1),
        ("end", 1, *names),
        ("test", *names),
    ]


def test_a_full_disk_is_told_and_leaves_the_older_state(tmp_path, monkeypatch):
    import pathlib

    from keras_sparse import distributed_state

    distributed_state.write(tmp_path, b"older")

    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pathlib.Path, "write_bytes", full)
    with pytest.raises(OSError, match="`backup_dir` must .* 5 bytes free"):
        distributed_state.write(tmp_path, b"newer")
    assert distributed_state.read(tmp_path) == b"older"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_process_has_one_strategy_of_workers(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    first = ks.distributed.strategy("multiworker")
    assert ks.distributed.strategy("multiworker") is first
