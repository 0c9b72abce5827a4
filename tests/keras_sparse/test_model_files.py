"""What leaves a sparse training is an ordinary Keras model."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_sparse as ks

DATA = np.random.default_rng(0).normal(size=(40, 10)).astype("float32")


def network():
    inputs = keras.Input((10,))
    hidden = layers.Dense(16, activation="relu", name="hidden")(inputs)
    return keras.Model(inputs, layers.Dense(3, name="out")(hidden), name="m")


def trained():
    keras.utils.set_random_seed(3)
    model = network()
    optimizer = ks.SparseOptimizer("adam", ks.RigL(0.6, update_every=3))
    model.compile(optimizer, loss="mse", jit_compile=False)
    model.fit(DATA, DATA[:, :3], batch_size=8, verbose=0)
    return model


WITHOUT_US = """
import sys
import keras
import numpy as np

model = keras.models.load_model(sys.argv[1], compile=False)
assert not [name for name in sys.modules if name.startswith("keras_sparse")]
x = np.load(sys.argv[2])
np.save(sys.argv[3], model.predict(x, verbose=0))
"""


def test_a_model_without_its_optimizer_loads_without_this_package(tmp_path):
    model = trained()
    x, paths = DATA, [tmp_path / n for n in ("m.keras", "x.npy", "y.npy")]
    model.save(paths[0])
    np.save(paths[1], x)
    command = [sys.executable, "-c", WITHOUT_US, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(np.load(paths[2]), expected, rtol=1e-6)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.saved_model"
)
def test_export_of_a_sparse_model_is_an_ordinary_saved_model(tmp_path):
    import tensorflow as tf

    model = trained()
    model.export(tmp_path / "exported", verbose=False)
    restored = tf.saved_model.load(tmp_path / "exported")
    x = DATA
    np.testing.assert_allclose(
        restored.serve(x).numpy(), model.predict(x, verbose=0), rtol=1e-5
    )
    assert len(restored.variables) == len(model.variables)


def test_weights_load_into_a_new_model(tmp_path):
    model = trained()
    model.save_weights(tmp_path / "model.weights.h5")
    plain = network()
    plain.load_weights(tmp_path / "model.weights.h5", skip_mismatch=False)
    for path, mask in ks.masks(model).items():
        kernel = {v.path: v for v in plain.trainable_variables}[path]
        assert not ops.convert_to_numpy(kernel)[~mask].any()
