"""An autoencoder of digits that forgets which digit it has seen.

    python examples/forget_the_digit.py --data-dir DIR
    python examples/forget_the_digit.py --quick

DIR holds MNIST as TensorFlow Datasets prepares it; --quick takes the small
digits inside scikit-learn instead. The code keeps the handwriting; the decoder
is told the digit, and draws any other in the same hand. A fresh classifier on
the codes, and a judge of the drawings, say how well that went. Writes the
networks and a report to --output.
"""

import argparse
import pathlib

import keras

import keras_latent as kl

BATCH_SIZE = 128


def main():
    """Trains with the adversary and without, and compares both."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", help="of TensorFlow Datasets")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--beta", type=float, default=0.02)
    parser.add_argument("--output", default="runs/forget_the_digit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a small run")
    options = parser.parse_args()
    name = "digits" if options.quick else "mnist"
    steps = options.steps or (400 if options.quick else 1500)
    data = kl.datasets.load(name, options.data_dir)
    test = kl.datasets.load(name, options.data_dir, split="test")
    judge, accuracy = kl.train_classifier(
        *data, epochs=50 if options.quick else 6
    )
    print(f"The judge reads {accuracy:.3f} of the images themselves")

    baseline = None
    for beta in (0.0, options.beta):
        keras.utils.set_random_seed(options.seed)
        networks = kl.fader_networks(data[0].shape[1:], 10)
        fader = kl.Fader(*networks, beta=beta, ramp_steps=int(0.3 * steps))
        fader.compile()
        per_epoch = -(-len(data[0]) // (6 * BATCH_SIZE))
        history = fader.fit(
            *data,
            batch_size=BATCH_SIZE,
            epochs=-(-steps // per_epoch),
            verbose=0,
        )
        folder = pathlib.Path(options.output) / f"beta_{beta:g}"
        report = kl.FaderReport(folder, test, judge, baseline, probe_data=data)
        found = report.write(fader, history)
        print(
            f"beta {beta:g}: a fresh classifier reads the digit in "
            f"{float(found.probe):.3f} of the codes (chance "
            f"{found.probe.chance:.3f}), the judge the digit told in "
            f"{float(found.swap):.3f} of the drawings; squared error "
            f"{float(found.reconstruction):.4f}; {found.verdict}"
        )
        baseline = fader  # the one without an adversary, for the second
    for name in ("encoder", "decoder"):
        getattr(fader, name).save(folder / f"{name}.keras")
    print(f"The grid of digits, and all that was found: {folder}/report.html")


if __name__ == "__main__":
    main()
