"""Dense Keras, tfmot, jaxpruner and keras_sparse on the same training.

    python benchmarks/peers/compare.py --data-dir DIR --tfmot-python PYTHON \
        --jaxpruner-python PYTHON [PYTHON ...] --sparsities 0.9 0.95 0.98
    python benchmarks/peers/compare.py --peers keras-tf rigl-tf --seeds 2

DIR holds MNIST as TensorFlow Datasets prepares it; without it, the digits
inside scikit-learn are used. Every peer gets the same first weights, batches
and steps, in a process of its own on one thread: accuracy and zeros over seeds,
cost of a step beside the same framework's own dense one (timed in turns), peak
memory, bytes and latency of the `.tflite` file. PYTHON has the packages of the
`[tfmot]` extra, or jaxpruner; by default it is this one. A peer that fails is
a row that says why. Prints tables, writes `benchmarks/results/peers.json` and
`peers.png`. The default takes 10 to 15 minutes of CPU.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import resource
import sys
import tempfile

import peer_plan
import peer_plot
import peer_report
from peer_processes import PEERS, start

from keras_sparse import datasets

OUTPUT = pathlib.Path(__file__).parents[1] / "results" / "peers.json"


def jobs(options):
    """Yields (name, peer, interpreter): one more for each of jaxpruner's."""
    pythons = {
        "ours": [sys.executable],
        "tfmot": [options.tfmot_python],
        "jaxpruner": options.jaxpruner_python,
    }
    for name in dict.fromkeys(options.peers):
        for number, python in enumerate(pythons[PEERS[name].python]):
            yield name + f"-{number + 1}" * bool(number), PEERS[name], python


def make_plan(options, folder):
    """Writes what all peers get to `folder`; returns the plan."""
    default = "mnist" if options.data_dir else "digits"
    data = datasets.load(options.dataset or default, options.data_dir)
    small = data.num_train < 10_000
    batch_size = options.batch_size or (32 if small else 128)
    plan = peer_plan.Plan(
        dataset=data.name,
        model=options.model,
        image_shape=data.image_shape,
        classes=data.num_classes,
        batch_size=batch_size,
        epochs=options.epochs or (20 if small else 5),
        steps_per_epoch=data.num_train // batch_size,
        seeds=options.seeds,
        sparsities=sorted(set(options.sparsities)),
        rounds=options.rounds,
    )
    if not plan.steps_per_epoch:
        raise SystemExit(
            "`--batch-size` must be at most the number of training images, "
            f"{data.num_train}. Received: {batch_size}."
        )
    peer_plan.write(plan, data.arrays("train"), data.arrays("test"), folder)
    return plan


def measure(options, folder, say=print):
    """Runs all peers and the exports; returns the content of the JSON file."""
    plan = make_plan(options, folder)
    found = []
    for name, peer, python in jobs(options):
        say(f"{peer.label} ({python})")
        versions, result = start(
            python, peer.script, (folder, name, peer.kind), peer.backend
        )
        found.append((name, peer, versions, result))
        if "not_run" in result:
            say(f"  not run: {result['not_run']}")
    say("Exports")
    _, exports = start(sys.executable, "peer_exports.py", (folder,))
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "plan": dataclasses.asdict(plan),
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores",
        "cpu_minutes": (usage.ru_utime + usage.ru_stime) / 60,
        "latency_reference": exports.get("reference"),
        "rows": peer_report.rows(found, exports),
    }


def share(text):
    """A sparsity on the command line."""
    number = float(text)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(
            f"must lie between 0 and 1, as 0.9. Received: {text}"
        )
    return number


def positive(text):
    """A count on the command line."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(
            f"must be at least 1. Received: {text}"
        )
    return number


def parser():
    """The command's options."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--data-dir", help="none: digits of scikit-learn")
    options.add_argument("--dataset", help="default: mnist, of --data-dir")
    options.add_argument("--model", choices=("mlp", "cnn"), default="mlp")
    options.add_argument(
        "--sparsities", type=share, nargs="+", default=[0.9, 0.98]
    )
    options.add_argument("--seeds", type=positive, default=3)
    options.add_argument("--epochs", type=positive)
    options.add_argument("--batch-size", type=positive)
    options.add_argument("--rounds", type=positive, default=20)
    options.add_argument("--peers", nargs="+", choices=PEERS, default=[*PEERS])
    options.add_argument("--tfmot-python", default=sys.executable)
    options.add_argument(
        "--jaxpruner-python", nargs="+", default=[sys.executable]
    )
    options.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    return options


def main():
    """Measures, prints, writes."""
    options = parser().parse_args()
    with tempfile.TemporaryDirectory() as folder:
        content = measure(options, folder)
    peer_report.show(content)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(content, indent=1) + "\n")
    peer_plot.plot(content, options.output.with_suffix(".png"))


if __name__ == "__main__":
    main()
