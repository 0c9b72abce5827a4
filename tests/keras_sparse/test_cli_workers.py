"""`keras-sparse train` on several workers, and on a TPU that is not there."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.distribute"
)
OPTIONS = "train --strategy multiworker --epochs 4 --update-every 30".split()


def start(arguments, folder, number=2):
    """Starts as many workers, each a process of its own."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in sockets]
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    return [
        subprocess.Popen(
            [sys.executable, "-m", "_keras_sparse_main", *arguments],
            cwd=folder,
            env={
                **os.environ,
                "TF_CONFIG": json.dumps(
                    {
                        "cluster": cluster,
                        "task": {"type": "worker", "index": index},
                    }
                ),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for index in range(number)
    ]


def finish(workers, timeout=400):
    try:
        texts = [each.communicate(timeout=timeout)[0] for each in workers]
    finally:
        for each in workers:
            each.kill()
            each.wait()
    assert [each.returncode for each in workers] == [0] * len(workers), texts
    return texts


@pytest.mark.slow
def test_two_workers_do_the_main_job_and_go_on_after_a_kill(tmp_path):
    texts = finish(start([*OPTIONS, "--output", "whole"], tmp_path))
    assert "Report: whole" in texts[0] and not texts[1]

    arguments = [*OPTIONS, "--output", "killed"]
    workers = start(arguments, tmp_path)
    state = tmp_path / "killed.unfinished" / "state" / "sparse-backup"
    end = time.monotonic() + 300
    while not list(state.glob("*.npz")) and time.monotonic() < end:
        time.sleep(0.05)
    for each in workers:
        each.kill()
        each.communicate()
    assert list(state.glob("*.npz"))
    finish(start([*arguments, "--resume"], tmp_path))

    models = [
        keras.models.load_model(tmp_path / name / "model.keras")
        for name in ("whole", "killed")
    ]
    for first, second in zip(*(m.variables for m in models), strict=True):
        np.testing.assert_array_equal(*map(keras.ops.array, (first, second)))
    whole, killed = (
        json.loads((tmp_path / name / "metrics.json").read_text())
        for name in ("whole", "killed")
    )
    assert whole["updates"] == killed["updates"]
    for name, values in whole["sparse"]["history"].items():
        resumed = killed["sparse"]["history"][name]
        np.testing.assert_allclose(resumed, values, rtol=1e-6)


@pytest.mark.parametrize(
    "options, config, code, message",
    [
        (["tpu"], "", 1, "`--strategy` tpu: `tpu` must name a TPU that"),
        (["multiworker"], "{", 2, "`TF_CONFIG` must name all workers"),
    ],
)
def test_strategies_that_cannot_be_are_told(
    options, config, code, message, tmp_path, monkeypatch, capfd
):
    from keras_sparse import cli, training

    training.strategy.cache_clear()
    monkeypatch.setenv("TF_CONFIG", config)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["train", "--strategy", *options]) == code
    assert message in capfd.readouterr().err
    assert not list(tmp_path.iterdir())
