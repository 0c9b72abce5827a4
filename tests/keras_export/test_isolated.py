"""The interpreter's child process: crashes become errors, nothing is left."""

import os
import subprocess
import sys

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

import keras_export
from keras_export import isolated
from keras_export.isolated import InterpreterError, IsolatedInterpreter


@pytest.fixture(scope="module")
def file(make_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "m.tflite"
    keras_export.litert(make_model("two_inputs"), path, verify=False)
    return path


def test_equals_the_interpreter_in_this_process(file, make_inputs):
    inputs = make_inputs("two_inputs", 3)
    runner = Interpreter(str(file)).get_signature_runner()
    details = runner.get_input_details()
    specs = {
        name: detail["shape_signature"] for name, detail in details.items()
    }
    expected = runner(**inputs)
    with IsolatedInterpreter(file) as interpreter:
        assert set(interpreter.inputs) == set(specs) == set(inputs)
        for name, (shape, dtype) in interpreter.inputs.items():
            assert [n or -1 for n in shape] == specs[name].tolist()
            assert dtype == details[name]["dtype"]
        runs = interpreter.run(inputs, threads=2, times=2)
        (plain,) = interpreter.run(inputs, delegate=False)
    assert len(runs) == 2 and set(plain) == {"wide", "narrow"}
    for name, array in expected.items():
        np.testing.assert_array_equal(runs[0][name], array)
        np.testing.assert_array_equal(runs[1][name], array)
        np.testing.assert_allclose(plain[name], array, rtol=1e-5)


def test_the_child_imports_no_tensorflow():
    code = (
        f"import runpy, sys; runpy.run_path({str(isolated.CHILD)!r});"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras')))"
    )
    assert subprocess.run([sys.executable, "-P", "-c", code]).returncode == 0


def test_a_crash_names_the_file_and_the_signal(damaged):
    with IsolatedInterpreter(damaged) as interpreter:
        (name,) = interpreter.inputs
        with pytest.raises(
            InterpreterError, match=r"damaged.tflite'.*crashed \(SIGSEGV\)"
        ):
            interpreter.run({name: np.ones((1, 64), "float32")})
        # The child is gone; that is said again, not hung upon.
        with pytest.raises(InterpreterError, match="SIGSEGV"):
            interpreter.run({name: np.ones((1, 64), "float32")})


def test_a_refusal_repeats_the_interpreters_words(file):
    with IsolatedInterpreter(file) as interpreter:
        with pytest.raises(InterpreterError, match="m.tflite.*expected 2 vs"):
            interpreter.run({"other": np.ones((1, 3), "float32")})
        # The child lives on.
        ones = {"z": np.ones((1, 3)), "a": np.ones((1, 4))}
        ones = {name: array.astype("float32") for name, array in ones.items()}
        assert len(interpreter.run(ones)) == 1


def test_too_long_a_call_is_ended(file):
    with pytest.raises(InterpreterError, match=r"took more than 0\.001 sec"):
        with IsolatedInterpreter(file, timeout=0.001) as interpreter:
            interpreter.inputs  # noqa: B018


def test_nothing_is_left_behind(file, tmp_path, monkeypatch):
    monkeypatch.setattr(isolated.tempfile, "tempdir", str(tmp_path))
    with IsolatedInterpreter(file) as interpreter:
        pid = interpreter._process.pid
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_file_without_signature_is_refused(file, tmp_path):
    content = keras_export.flatbuffer.read_model(file)
    content.signatureDefs = []
    path = tmp_path / "m.tflite"
    path.write_bytes(keras_export.flatbuffer.pack_model(content))
    with pytest.raises(ValueError, match="one signature.*with 0.*litert"):
        keras_export.random_inputs(path)
