"""The strategies of tf.distribute by name, ready or with a clear error."""

import functools
import json
import os
import subprocess
import sys

import tensorflow as tf

from keras_sparse.config import check_choice

_PROBE = """
import sys
import tensorflow as tf

resolver = tf.distribute.cluster_resolver.TPUClusterResolver(sys.argv[1])
tf.config.experimental_connect_to_cluster(resolver)
"""
NAMES = ("none", "mirrored", "multiworker", "tpu")


def make(name, tpu, timeout):
    """Makes the strategy; see `keras_sparse.distributed.strategy`."""
    check_choice("name", name, NAMES)
    if name == "none":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if name == "multiworker":
        check_tf_config()
        return _of_workers(os.environ.get("TF_CONFIG"))
    return _tpu_strategy(tpu, timeout)


@functools.cache
def _of_workers(tf_config):
    """One per process: a second would restart its server under the others."""
    return tf.distribute.MultiWorkerMirroredStrategy()


def check_tf_config():
    """Number of workers that TF_CONFIG names; 1 where it is not set.

    Raises:
        ValueError: it is broken, with what is wrong and an example.
    """
    text = os.environ.get("TF_CONFIG", "")
    if not text.strip():
        return 1
    try:
        config = json.loads(text)
    except ValueError as error:
        raise _broken(text, f"no JSON: {error}") from error
    cluster = config.get("cluster") if isinstance(config, dict) else None
    task = config.get("task") if isinstance(config, dict) else None
    if not isinstance(cluster, dict) or not isinstance(task, dict):
        raise _broken(text, 'no "cluster" or no "task" in it')
    for job, addresses in cluster.items():
        if not isinstance(addresses, list) or not all(
            isinstance(address, str) and ":" in address for address in addresses
        ):
            raise _broken(text, f'"{job}" is no list of "host:port"')
    job, index = task.get("type"), task.get("index")
    if job not in ("chief", "worker"):
        raise _broken(text, f'the type of the task is {job!r}, not "worker"')
    size = len(cluster.get(job, []))
    if not isinstance(index, int) or not 0 <= index < size:
        raise _broken(text, f'the index {index!r} is none of {size} "{job}"')
    return len(cluster.get("chief", [])) + len(cluster.get("worker", []))


def _broken(text, reason):
    example = (
        '{"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, '
        '"task": {"type": "worker", "index": 0}}'
    )
    return ValueError(
        "`TF_CONFIG` must name all workers and which of them this one is. "
        f"Received: {text!r}: {reason}. Set it on each worker as {example}."
    )


def _tpu_strategy(tpu, timeout):
    reason = None if tpu == "local" else _no_answer(tpu, timeout)
    cause = None
    if reason is None:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver
        try:
            return tf.distribute.TPUStrategy(resolver.connect(tpu))
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            cause = error
    raise RuntimeError(
        f"`tpu` must name a TPU that answers. Received: tpu={tpu!r}, {reason}. "
        'Pass "local" on a TPU VM, else its name or grpc:// address, with a '
        "TensorFlow built for TPUs."
    ) from cause


def _no_answer(tpu, timeout):
    """Why a distant TPU cannot be reached, or None."""
    # The runtime waits for an answer without end and cannot be interrupted,
    # not even by another thread: so a process tries it that can be ended.
    try:
        tried = subprocess.run(
            [sys.executable, "-c", _PROBE, tpu],
            capture_output=True,
            text=True,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {timeout:g} seconds"
    if tried.returncode:
        return (tried.stderr.strip().splitlines() or ["no answer"])[-1]
    return None
