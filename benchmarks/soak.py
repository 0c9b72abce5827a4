"""Memory, traces and mask counts of a long training with many mask updates.

    python benchmarks/soak.py
    python benchmarks/soak.py --steps 2000 --warm-up 500

A small network trains by `fit` with RigL, which moves its masks every 10
steps. After every epoch of 500 steps: is each mask's count what it was at
first, is each weight outside its mask exactly 0, is the training step traced
once, and how much memory does the process hold (resident set, of
/proc/self/statm)? Prints a table and writes `benchmarks/results/soak.json`.
Ends with exit code 1 where a law is broken; memory may grow by 2 % after the
warm-up.
"""

import argparse
import json
import os
import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

import keras_sparse as ks

OUTPUT = pathlib.Path(__file__).parent / "results" / "soak.json"
EPOCH, UPDATE_EVERY = 500, 10
GROWTH = 0.02  # share that memory may grow after the warm-up


class Traced(keras.Sequential):
    """Counts how often its training step is traced."""

    traces = 0

    def train_step(self, data):
        self.traces += 1
        return super().train_step(data)


class Watch(keras.callbacks.Callback):
    """One row per epoch: what holds, and what the process holds."""

    def __init__(self):
        super().__init__()
        self.rows, self.counts, self.masks = [], None, None

    def on_train_begin(self, logs=None):
        self.masks = ks.masks(self.model)
        self.counts = counts(self.masks)

    def on_epoch_end(self, epoch, logs=None):
        masks, before = ks.masks(self.model), self.masks
        values = {v.path: v.numpy() for v in self.model.trainable_variables}
        self.masks = masks
        self.rows.append(
            {
                "step": int(self.model.optimizer.iterations),
                "resident_bytes": resident(),
                "traces": self.model.traces,
                "mask_updates": int(self.model.optimizer.mask_updates),
                "counts_exact": counts(masks) == self.counts,
                "masks_moved": any(
                    (masks[p] != before[p]).any() for p in masks
                ),
                "weights_outside": sum(
                    int(np.count_nonzero(values[p][~masks[p]])) for p in masks
                ),
                "loss": float(logs["loss"]),
            }
        )


def soak(steps, seed=0):
    """Trains for so many steps, a multiple of 500; returns rows per epoch."""
    keras.utils.set_random_seed(seed)
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(640, 32)).astype("float32")
    y = generator.integers(0, 10, 640)
    layers = [keras.Input((32,)), keras.layers.Dense(64, "relu")]
    model = Traced([*layers, keras.layers.Dense(10)])
    inner = keras.optimizers.SGD(0.01, momentum=0.9)
    method = ks.RigL(0.9, update_every=UPDATE_EVERY, seed=seed)
    model.compile(
        ks.sparsify(model, inner, method),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    data = tf.data.Dataset.from_tensor_slices((x, y))
    data = data.shuffle(640, seed=seed).batch(32, drop_remainder=True).repeat()
    watch = Watch()
    model.fit(
        data,
        steps_per_epoch=EPOCH,
        epochs=steps // EPOCH,
        verbose=0,
        callbacks=[watch],
    )
    return watch.rows


def findings(rows, warm_up):
    """What the rows say: the laws, and the growth after `warm_up` steps."""
    warm = [row for row in rows if row["step"] >= warm_up]
    bytes_ = [row["resident_bytes"] for row in warm]
    return {
        "steps": rows[-1]["step"],
        "mask_updates": rows[-1]["mask_updates"],
        "traces": rows[-1]["traces"],
        "counts_exact": all(row["counts_exact"] for row in rows),
        "masks_moved": all(row["masks_moved"] for row in rows),
        "weights_outside": sum(row["weights_outside"] for row in rows),
        "warm_up_steps": warm[0]["step"],
        "resident_bytes_after_warm_up": bytes_[0],
        "resident_bytes_largest_after": max(bytes_),
        "growth": max(bytes_) / bytes_[0] - 1,
    }


def broken(found, growth=GROWTH):
    """List of str, the laws that do not hold."""
    laws = {
        "one trace": found["traces"] == 1,
        "counts exact": found["counts_exact"],
        "masks moved": found["masks_moved"],
        "weights outside masks are 0": found["weights_outside"] == 0,
        f"growth below {growth:.0%}": found["growth"] < growth,
    }
    return [law for law, holds in laws.items() if not holds]


def counts(masks):
    """Dict path -> number of live weights."""
    return {path: int(mask.sum()) for path, mask in masks.items()}


def resident():
    """Bytes of memory that the process holds."""
    pages = pathlib.Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--warm-up", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rows = soak(options.steps, options.seed)
    found = findings(rows, options.warm_up)
    table = Table("step", "resident MB", "traces", "updates", "counts", "loss")
    for row in rows[:: max(1, len(rows) // 10)] + rows[-1:]:
        table.add_row(
            f"{row['step']:,}",
            f"{row['resident_bytes'] / 1e6:.1f}",
            str(row["traces"]),
            f"{row['mask_updates']:,}",
            "exact" if row["counts_exact"] else "changed",
            f"{row['loss']:.4f}",
        )
    Console().print(table)
    print(
        f"growth after {found['warm_up_steps']:,} steps: {found['growth']:.2%}"
    )
    content = {"found": found, "seed": options.seed, "rows": rows}
    options.output.write_text(json.dumps(content, indent=1) + "\n")
    if problems := broken(found):
        sys.exit(f"broken: {', '.join(problems)}")


if __name__ == "__main__":
    main()
