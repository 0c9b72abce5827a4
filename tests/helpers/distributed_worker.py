"""One worker of a distributed training, as a program and for its tests."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

BATCH = 32


def start(case, index=0, ports=()):
    """Starts this file as a process of its own; see `train` for `case`."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("TF_CONFIG", None)
    if ports:
        workers = [f"127.0.0.1:{port}" for port in ports]
        task = {"type": "worker", "index": index}
        environment["TF_CONFIG"] = json.dumps(
            {"cluster": {"worker": workers}, "task": task}
        )
    return subprocess.Popen(
        [sys.executable, __file__, json.dumps(case), str(index)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_workers(case, number=2, timeout=300):
    """Runs so many workers to their ends.

    Returns:
        list of tuples (exit code, text on standard error).
    """
    workers = [start(case, i, ports) for i, ports in enumerate(_ports(number))]
    try:
        texts = [worker.communicate(timeout=timeout)[1] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()  # does nothing to one that has ended
            worker.wait()
    codes = [worker.returncode for worker in workers]
    return list(zip(codes, texts, strict=True))


def results(case, number=2):
    """What each worker wrote, list of dicts name of a training -> result."""
    files = [_result_file(case, index) for index in range(number)]
    return [json.loads(file.read_text()) for file in files]


def _ports(number):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [[each.getsockname()[1] for each in sockets]] * number


def _result_file(case, index):
    return pathlib.Path(case["folder"]) / f"result-{index}.json"


def train(case, training, index=0):
    """Trains a small sparse model on made-up data.

    Args:
        case: dict with "folder", "strategy", "steps" per epoch, "epochs",
            "update_every", "backup_every", "whole", whether with
            normalization and validation; and "trainings", list of `training`.
        training: dict with "name", and "kill": null, or the index of the
            worker that kills itself and the number of batches before it does.
        index: int, this worker's.
    """
    import keras

    import keras_sparse as ks

    class Kill(keras.callbacks.Callback):
        batches = 0

        def on_train_batch_end(self, batch, logs=None):
            self.batches += 1
            if training["kill"] == [index, self.batches]:
                os.kill(os.getpid(), signal.SIGKILL)

    with ks.distributed.strategy(case["strategy"]).scope():
        model = _model(case)
    data, validation = _data(case["steps"])
    folder = os.path.join(case["folder"], training["name"])
    saved = os.path.join(folder, f"{index}-{{epoch}}.keras")
    history = ks.distributed.fit(
        model,
        data,
        epochs=case["epochs"],
        callbacks=[keras.callbacks.ModelCheckpoint(saved), Kill()],
        validation_data=validation if case["whole"] else None,
        backup_dir=folder,
        backup_every=case["backup_every"],
        verbose=0,
    )
    statistics = map(keras.ops.convert_to_numpy, model.non_trainable_weights)
    return {
        **ks.distributed.fingerprint(model),
        "history": history.history,
        "updates": model.optimizer.mask_updates,
        "statistics": [value.tolist() for value in statistics],
        "chief": ks.distributed.is_chief(model),
    }


def _model(case):
    import keras

    import keras_sparse as ks

    keras.utils.set_random_seed(1)
    dense = keras.layers.Dense
    layers = [dense(32, "relu", name="a"), dense(3, name="c")]
    if case["whole"]:
        layers.insert(1, keras.layers.BatchNormalization(name="b"))
    model = keras.Sequential([keras.Input((16,)), *layers], name="m")
    sgd = keras.optimizers.SGD(0.05, momentum=0.9)
    method = ks.RigL(0.8, update_every=case["update_every"])
    model.compile(
        ks.SparseOptimizer(sgd, method),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def _data(steps):
    import numpy as np
    import tensorflow as tf

    generator = np.random.default_rng(0)
    x = generator.normal(size=(steps * BATCH, 16)).astype("float32")
    y = (x @ generator.normal(size=(16, 3))).argmax(1)
    data = tf.data.Dataset.from_tensor_slices((x, y))
    shuffled = data.shuffle(len(x), seed=5).batch(BATCH, drop_remainder=True)
    return shuffled, data.take(33).batch(16)


def main():
    case, index = json.loads(sys.argv[1]), int(sys.argv[2])
    found = {}
    for training in case["trainings"]:
        found[training["name"]] = train(case, training, index)
        _result_file(case, index).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
