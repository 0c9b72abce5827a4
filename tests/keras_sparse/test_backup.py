"""`ks.BackupAndRestore`: goes on exactly, one file, nothing of others."""

import keras
import numpy as np
import pytest

import keras_sparse as ks

X = np.random.default_rng(0).normal(size=(32, 8)).astype("float32")
FIT = {"x": X, "y": X[:, :4], "batch_size": 8, "shuffle": False, "verbose": 0}


def network(units=16):
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Dense(units, "relu", name="a"),
        keras.layers.Dropout(0.2, name="drop"),
        keras.layers.Dense(4, name="b"),
    ]
    model = keras.Sequential([keras.Input((8,)), *layers], name="m")
    optimizer = ks.SparseOptimizer("adam", ks.SET(0.5, update_every=3))
    model.compile(optimizer, "mse", jit_compile=False)
    return model


class Stopped(Exception):
    pass


class StopInEpoch(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch, self.now = epoch, None

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.now == self.epoch and batch == 2:
            raise Stopped


def stopped(folder, epoch=2):
    with pytest.raises(Stopped):
        callbacks = [ks.BackupAndRestore(folder), StopInEpoch(epoch)]
        network().fit(epochs=4, callbacks=callbacks, **FIT)


def values(model):
    variables = [*model.variables, *model.optimizer.variables]
    return [np.array(keras.ops.convert_to_numpy(v)) for v in variables]


def test_goes_on_as_if_it_had_not_been_stopped(tmp_path):
    whole = network()
    logs = whole.fit(epochs=4, **FIT).history
    stopped(tmp_path / "b")
    assert [f.name for f in (tmp_path / "b").iterdir()] == [
        "training_state.npz"
    ]
    resumed = network()
    backup = ks.BackupAndRestore(tmp_path / "b")
    history = resumed.fit(epochs=4, callbacks=[backup], **FIT)
    assert history.epoch == [2, 3]
    assert history.history["loss"] == logs["loss"][2:]
    for found, expected in zip(values(resumed), values(whole), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert not (tmp_path / "b").exists()


def test_keeps_what_else_is_in_the_folder(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    backup = ks.BackupAndRestore(tmp_path)
    network().fit(epochs=1, callbacks=[backup], **FIT)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_keeps_the_state_where_it_is_told_to(tmp_path):
    backup = ks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    network().fit(epochs=2, callbacks=[backup], **FIT)
    history = network().fit(epochs=3, callbacks=[backup], **FIT)
    assert history.epoch == [2]


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda content: content[:-100], "readable state.*Delete"),
        (lambda content: b"", "readable state.*Delete"),
    ],
    ids=["cut", "empty"],
)
def test_a_damaged_state_is_told(tmp_path, change, words):
    stopped(tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=f"`backup_dir` must hold.*{words}"):
        backup = ks.BackupAndRestore(tmp_path)
        network().fit(epochs=4, callbacks=[backup], **FIT)


def test_the_state_of_another_model_is_refused(tmp_path):
    stopped(tmp_path)
    with pytest.raises(ValueError, match="`backup_dir`.*of this model"):
        backup = ks.BackupAndRestore(tmp_path)
        network(units=5).fit(epochs=4, callbacks=[backup], **FIT)


def test_an_unbuilt_model_is_refused_as_keras_does(tmp_path):
    model = keras.Sequential([keras.layers.Dense(4)])
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="must be built"):
        model.fit(callbacks=[ks.BackupAndRestore(tmp_path / "b")], **FIT)
