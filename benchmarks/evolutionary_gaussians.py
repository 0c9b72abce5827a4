"""Modes that an evolutionary GAN covers, beside each of its losses alone.

    python benchmarks/evolutionary_gaussians.py

25 Gaussians on a grid (`kl.gaussian_grid`). All methods have the same
networks, first weights, examples, optimizers and number of discriminator
updates, all with cross-entropy for the discriminator; `EvolutionaryGAN` has
three times the generator updates, of which two are thrown away. A mode is
covered by a tenth of its fair share of samples within 4 standard deviations.
Options are tried on seeds 0 and 1 alone; the figures are of other seeds.
Prints a table, writes `benchmarks/results/evolutionary_gaussians.json` and a
picture of the samples beside it.
"""

import argparse
import json
import pathlib
import time

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

import keras_latent as kl
from _keras_sparse_common.drawing import draw
from keras_latent.evolution_mutations import least_squares_mutation
from keras_latent.gan_losses import minimax_discriminator

RESULTS = pathlib.Path(__file__).parent / "results"
OUTPUT = RESULTS / "evolutionary_gaussians.json"
EVOLUTION = "evolution"
LOSSES = {
    "minimax": "minimax",
    "heuristic": "non_saturating",
    "least squares": kl.GANLoss(minimax_discriminator, least_squares_mutation),
}
METHODS = (EVOLUTION, *LOSSES)
CHECKS = 10  # times in training that samples are looked at
SAMPLES = 10_000


def main():
    """Trains, prints, writes."""
    options = parse()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rows, samples = [], {}
    for seed in options.seeds:
        for method in options.methods:
            row, samples[method, seed] = run(method, seed, options)
            rows.append(row)
            print(json.dumps(row), flush=True)
            keras.backend.clear_session()
    console = Console(width=100)
    console.print(table(rows))
    found = verdict(rows)
    console.print(found)
    kept = {k: v for k, v in vars(options).items() if k != "output"}
    content = {
        "keras": keras.__version__,
        "options": kept,
        "verdict": found,
        "rows": rows,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(content, indent=1) + "\n")
    picture = draw(
        (2.2 * len(options.methods), 2.3 * len(options.seeds)),
        lambda figure: paint(figure, rows, samples),
    )
    options.output.with_suffix(".png").write_bytes(picture)


def parse():
    """The options of the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--seeds", type=int, nargs="+", default=[10, 11, 12])
    add("--methods", nargs="+", choices=METHODS, default=[*METHODS])
    add("--steps", type=int, default=6000, help="updates of D")
    add("--batch-size", type=int, default=64)
    add("--width", type=int, default=64)
    add("--depth", type=int, default=3)
    add("--latent-dim", type=int, default=2)
    add("--stddev", type=float, default=0.15, help="of the first weights")
    add("--learning-rate", type=float, default=1e-3)
    add("--diversity-weight", type=float, default=0.05)
    add("--evaluation-size", type=int, default=64)
    add("--output", type=pathlib.Path, default=OUTPUT)
    return parser.parse_args()


def run(method, seed, options):
    """Trains one method from one seed.

    Returns:
        Tuple (row of figures, samples of the end).
    """
    cpu = time.process_time()
    gan = build(method, seed, options)
    count = options.steps // CHECKS * options.batch_size
    toy = kl.gaussian_grid(count, seed)
    checks = []
    for _ in range(CHECKS):
        gan.fit(toy.points, batch_size=options.batch_size, verbose=0)
        samples = gan.sample(SAMPLES, seed=seed, batch_size=SAMPLES)
        found = kl.mode_coverage(samples, toy.centres, toy.standard_deviation)
        checks.append((found.covered, round(found.high_quality, 4)))
    updates = int(gan.d_optimizer.iterations)
    row = {
        "method": method,
        "seed": seed,
        "modes": checks[-1][0],
        "high_quality": checks[-1][1],
        "modes_during": [modes for modes, _ in checks],
        "high_quality_during": [share for _, share in checks],
        "d_updates": updates,
        "cpu_s": round(time.process_time() - cpu, 1),
    }
    if method == EVOLUTION:
        wins = np.array(gan.wins).tolist()
        row["wins"] = dict(zip(gan.mutations, wins, strict=True))
    return row, samples


def build(method, seed, options):
    """A compiled GAN; only what trains the generator differs."""
    keras.utils.set_random_seed(seed)  # the order of the examples
    networks = kl.mlp_gan_networks(
        (2,),
        options.latent_dim,
        width=options.width,
        depth=options.depth,
        stddev=options.stddev,
        seed=seed,
    )
    shared = {"seed": seed, "latent_distribution": "signed_uniform"}
    if method == EVOLUTION:
        gan = kl.EvolutionaryGAN(
            *networks,
            diversity_weight=options.diversity_weight,
            evaluation_size=options.evaluation_size,
            **shared,
        )
    else:
        gan = kl.GAN(*networks, LOSSES[method], **shared)
    adam = keras.optimizers.Adam
    rate = options.learning_rate
    gan.compile(
        adam(rate, 0.5),
        adam(rate, 0.5),
        jit_compile=False,
        steps_per_execution=50,
    )
    return gan


def means(rows):
    """Method -> (modes, share of high quality, CPU seconds), over seeds."""
    columns = ("modes", "high_quality", "cpu_s")
    methods = dict.fromkeys(row["method"] for row in rows)
    return {
        method: [
            float(np.mean([r[c] for r in rows if r["method"] == method]))
            for c in columns
        ]
        for method in methods
    }


def verdict(rows):
    """Whether evolution covers as many modes as the best single loss."""
    modes = {method: values[0] for method, values in means(rows).items()}
    ours = modes.pop(EVOLUTION, None)
    if ours is None or not modes:
        return {}
    best = max(modes, key=modes.get)
    return {
        "evolution": round(ours, 2),
        "best_single": best,
        "modes_of_best": round(modes[best], 2),
        "holds": ours >= modes[best],
    }


def table(rows):
    """Modes of each seed and means, as a table of rich."""
    result = Table(title="25 Gaussians: modes covered at the end")
    result.add_column("method")
    for row in dict.fromkeys(row["seed"] for row in rows):
        result.add_column(f"seed {row}", justify="right")
    for heading in ("mean", "high quality", "CPU, s"):
        result.add_column(heading, justify="right")
    for method, (modes, quality, cpu) in means(rows).items():
        own = [str(r["modes"]) for r in rows if r["method"] == method]
        last = (f"{modes:.1f}", f"{quality:.2f}", f"{cpu:.0f}")
        result.add_row(method, *own, *last)
    return result


def paint(figure, rows, samples):
    """The samples of each method (column) from each seed (row)."""
    seeds = list(dict.fromkeys(row["seed"] for row in rows))
    methods = list(dict.fromkeys(row["method"] for row in rows))
    grid = figure.subplots(len(seeds), len(methods), squeeze=False)
    centres = kl.gaussian_grid(1).centres
    for row in rows:
        place = seeds.index(row["seed"]), methods.index(row["method"])
        axes = grid[place]
        points = samples[row["method"], row["seed"]][:2000]
        axes.scatter(*centres.T, s=60, facecolors="none", edgecolors="#c9ced6")
        axes.scatter(*points.T, s=1, color="#2f6db3", alpha=0.5, linewidths=0)
        axes.set(xlim=(-2, 2), ylim=(-2, 2), xticks=[], yticks=[], aspect=1)
        title = f"{row['method']}, seed {row['seed']}: {row['modes']}"
        axes.set_title(title, fontsize=7)


if __name__ == "__main__":
    main()
