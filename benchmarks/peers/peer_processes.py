"""The peers, and the processes that they run in."""

import dataclasses
import json
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class Peer:
    """One thing that is compared.

    Attributes:
        label: str, its rows in the table.
        script: str, the worker.
        kind: "dense", "magnitude" or "rigl".
        backend: str, KERAS_BACKEND.
        python: "ours", "tfmot" or "jaxpruner": whose interpreter runs it.
    """

    label: str
    script: str
    kind: str
    backend: str = "tensorflow"
    python: str = "ours"


PEERS = {
    "keras-tf": Peer("Keras 3 (TF), dense", "peer_keras.py", "dense"),
    "keras-jax": Peer("Keras 3 (JAX), dense", "peer_keras.py", "dense", "jax"),
    "tf_keras": Peer(
        "tf_keras, dense", "peer_tfmot.py", "dense", python="tfmot"
    ),
    "tfmot": Peer(
        "tfmot, magnitude", "peer_tfmot.py", "magnitude", python="tfmot"
    ),
    "jaxpruner": Peer(
        "jaxpruner (JAX), magnitude",
        "peer_jaxpruner.py",
        "magnitude",
        python="jaxpruner",
    ),
    "magnitude-tf": Peer("ours (TF), magnitude", "peer_keras.py", "magnitude"),
    "magnitude-jax": Peer(
        "ours (JAX), magnitude", "peer_keras.py", "magnitude", "jax"
    ),
    "rigl-tf": Peer("ours (TF), RigL", "peer_keras.py", "rigl"),
    "rigl-jax": Peer("ours (JAX), RigL", "peer_keras.py", "rigl", "jax"),
}


def start(python, script, arguments, backend="tensorflow"):
    """Runs one worker; returns its versions, and its results or a reason."""
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
        "KERAS_BACKEND": backend,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(HERE.parent),  # for timing.py
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_USE_LEGACY_KERAS": "1" if script == "peer_tfmot.py" else "0",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    }
    command = [str(python), str(HERE / script), *map(str, arguments)]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True
        )
    except OSError as error:
        return {}, {"not_run": f"{type(error).__name__}: {error}"}
    return parse(done.returncode, done.stdout, done.stderr)


def parse(returncode, stdout, stderr):
    """Reads a worker's output: (versions, results or {"not_run": reason})."""
    objects = []
    for line in stdout.splitlines():
        if line.startswith("{"):
            objects.append(json.loads(line))
    if returncode or not objects:
        lines = [line for line in stderr.splitlines() if line.strip()]
        last = lines[-1].strip() if lines else "no message"
        versions = objects[0] if objects else {}
        return versions, {"not_run": f"{last} (exit code {returncode})"}
    return objects[0], objects[-1]
