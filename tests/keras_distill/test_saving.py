"""A teacher's file holds its loss and metrics; a new process goes on."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import keras_distill as kd

X = np.random.default_rng(0).normal(size=(32, 8)).astype("float32")
LABELS = (X[:, 0] > 0).astype("int64")
RESUME = """
import json, sys
import keras, numpy as np
import keras_distill
x, labels = (np.load(path) for path in sys.argv[2:])
model = keras.saving.load_model(sys.argv[1])
how = dict(batch_size=16, shuffle=False, verbose=0)
before = model.evaluate(x, labels, batch_size=16, verbose=0, return_dict=True)
print(json.dumps([before, model.fit(x, labels, epochs=2, **how).history]))
"""


def resume_here(model):
    how = dict(batch_size=16, shuffle=False, verbose=0)
    before = model.evaluate(X, LABELS, 16, verbose=0, return_dict=True)
    return [before, model.fit(X, LABELS, epochs=2, **how).history]


def resume_elsewhere(file, folder):
    np.save(folder / "x.npy", X)
    np.save(folder / "labels.npy", LABELS)
    paths = [file, folder / "x.npy", folder / "labels.npy"]
    done = subprocess.run(
        [sys.executable, "-c", RESUME, *map(str, paths)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_another_process_continues_with_identical_losses(tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(6)])
    model.compile(
        keras.optimizers.Adam(0.01),
        kd.SubclassCrossentropy(2, 0.7, 0.3),
        metrics=[kd.SubclassAccuracy(2), kd.SubclassDiversity(0.3)],
        run_eagerly=True,  # for speed: here, the file matters
    )
    model.fit(X, LABELS, batch_size=16, verbose=0)
    model.save(tmp_path / "teacher.keras")
    found = resume_elsewhere(tmp_path / "teacher.keras", tmp_path)
    expected = resume_here(model)
    assert set(found[0]) == {"loss", "subclass_accuracy", "subclass_diversity"}
    assert found[0] == pytest.approx(expected[0], abs=1e-6)
    for name, values in expected[1].items():
        assert found[1][name] == pytest.approx(values, abs=1e-6), name


@pytest.mark.parametrize(
    "loss",
    [kd.SubclassDistillation(3.0), kd.LogitsDistillation(3.0, num_classes=2)],
)
def test_distillation_losses_come_back_compiled(loss, tmp_path):
    layers = keras.layers.Dense(6), kd.ClassLogits(2)
    model = keras.Sequential([keras.Input((8,)), *layers])
    model.compile("sgd", loss)
    model.save(tmp_path / "student.keras")
    loaded = keras.saving.load_model(tmp_path / "student.keras")
    assert type(loaded.loss) is type(loss)
    assert loaded.loss.get_config() == loss.get_config()
    assert loaded.layers[-1].num_classes == 2
    found, expected = (
        keras.ops.convert_to_numpy(m(X)) for m in (loaded, model)
    )
    assert_array_equal(found, expected)
