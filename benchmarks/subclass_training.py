"""What the benchmarks of subclass distillation share: training, measuring."""

import json
import time

import keras
import numpy as np
import tensorflow as tf

import keras_distill as kd

CLASSES, SUBCLASSES = 2, 10
TEMPERATURE = 4.0  # of the authors' notebook, as is the weight 1/2
STEPS_PER_EXECUTION = 20
PLAIN = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
tf.get_logger().setLevel("ERROR")  # many small models trace many functions


def batches(arrays, batch_size, seed, drop_remainder, augment=None):
    """Batches of the arrays' rows, in another order each epoch.

    Args:
        arrays: tuple of arrays with equally many rows.
        batch_size: int.
        seed: int.
        drop_remainder: bool.
        augment: function from a batch of x to one of x, or None.

    Returns:
        `tf.data.Dataset`.
    """
    tensors = tuple(tf.convert_to_tensor(array) for array in arrays)

    def gather(rows):
        x, *rest = (tf.gather(tensor, rows) for tensor in tensors)
        return (augment(x) if augment else x, *rest)

    count = len(arrays[0])
    rows = tf.data.Dataset.range(count).shuffle(count, seed=seed)
    rows = rows.batch(batch_size, drop_remainder=drop_remainder)
    return rows.map(gather, tf.data.AUTOTUNE).prefetch(4)


def train(model, loss, data, epochs, optimizer="adam"):
    """Compiles and fits; returns the seconds it took."""
    model.compile(
        optimizer,
        loss,
        jit_compile=False,
        steps_per_execution=STEPS_PER_EXECUTION,
    )
    start = time.perf_counter()
    model.fit(data, epochs=epochs, shuffle=False, verbose=0)
    return time.perf_counter() - start


def logits_of(model, x):
    """Outputs for all rows of x, as an array."""
    return model.predict(x, batch_size=500, verbose=0)


def class_error(logits, labels):
    """Share of the examples whose class is wrong."""
    classes = kd.class_logits(logits, CLASSES)
    guesses = keras.ops.convert_to_numpy(classes).argmax(-1)
    return float(np.mean(guesses != labels))


def subclass_measures(logits, fine_labels):
    """How well the subclasses match the fine labels nobody trained on."""
    accuracy, _ = kd.subclass_assignment(logits, fine_labels)
    used = np.bincount(logits.argmax(-1), minlength=SUBCLASSES)
    return {
        "assignment": float(accuracy),
        "nmi": float(kd.normalized_mutual_information(logits, fine_labels)),
        "used": int(np.sum(used > 0.02 * len(logits))),
    }


def measure(model, x, fine_labels, labels):
    """Error, and what the subclasses are where the model has them."""
    logits = logits_of(model, x)
    found = {"error": class_error(logits, labels)}
    if logits.shape[-1] == SUBCLASSES:
        found |= subclass_measures(logits, fine_labels)
    return found


def teacher_loss(diversity_weight=1.0):
    """The authors' loss of a teacher; weight 0: a student's."""
    return kd.SubclassCrossentropy(CLASSES, diversity_weight)


def class_logits(logits):
    """Class logits of subclass logits, as an array."""
    return keras.ops.convert_to_numpy(kd.class_logits(logits, CLASSES))


def with_teacher(labels, logits):
    """Labels and a teacher's logits as the targets of one output."""
    return np.concatenate([labels[:, None], logits], -1).astype("float32")


def distilled(logits_loss, loss):
    """A student's loss on targets `with_teacher`."""
    return kd.CachedDistillation(loss, logits_loss, distillation_weight=0.5)


def environment():
    """What the figures were measured with."""
    return {"keras": keras.__version__, "tensorflow": tf.__version__}


def save(path, name, content):
    """Writes one part of a JSON file, and keeps its others."""
    found = json.loads(path.read_text()) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**found, name: content}, indent=1) + "\n")
