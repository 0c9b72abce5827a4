"""Every sparse training method at the same number of steps.

    python benchmarks/methods.py --data-dir DIR
    python benchmarks/methods.py --data-dir DIR \
        --methods "set, drop half" "rigl, drop half" \
        --sparsities 0.95 0.98 --output benchmarks/results/methods_half.json
    python benchmarks/methods.py --data-dir DIR --sparsities 0.9 \
        --methods "rigl, constant fan-in" "rigl, in-time" "set, in-time" \
        --output benchmarks/results/methods_variants.json
    KERAS_BACKEND=jax python benchmarks/methods.py --data-dir DIR \
        --model wrn-22-2 --steps 97656 --batch-size 128 --l2 5e-4 --augment \
        --update-every 100 --workers 1

Prints a table, writes `benchmarks/results/methods.json` and a plot. The second
command tells what SNFS owes to the half of the weights that it moves at first;
the third runs variants.
"""

import science

import keras_sparse as ks


def polynomial(sparsity, steps, every):
    """Zhu & Gupta's cubic from 15 % to 75 % of the steps."""
    begin, end = int(0.15 * steps), int(0.75 * steps)
    return ks.PolynomialDecay(0.0, sparsity, begin, end, frequency=every)


def moving(kind, sparsity, steps, every, seed, **more):
    """A method whose masks move until 75 % of the steps."""
    until = int(0.75 * steps)
    return kind(
        sparsity, update_every=every, update_until=until, seed=seed, **more
    )


METHODS = {
    "static": lambda s, n, k, seed: ks.Static(s, seed=seed),
    "deepr": lambda s, n, k, seed: ks.DeepR(s, seed=seed),
    "dsr": lambda s, n, k, seed: moving(ks.DSR, s, n, k, seed),
    "set": lambda s, n, k, seed: moving(ks.SET, s, n, k, seed),
    "snfs": lambda s, n, k, seed: moving(ks.SNFS, s, n, k, seed),
    "snfs, fixed layers": lambda s, n, k, seed: moving(
        ks.SNFS, s, n, k, seed, redistribution=None
    ),
    "rigl": lambda s, n, k, seed: moving(ks.RigL, s, n, k, seed),
    "top-kast": lambda s, n, k, seed: ks.TopKAST(s, 1 - 2 * (1 - s)),
    "ste": lambda s, n, k, seed: ks.STE(s),
    "granet": lambda s, n, k, seed: ks.GraNet(
        0.5, s, 0, int(0.6 * n), k, update_until=int(0.75 * n), seed=seed
    ),
    "ac/dc": lambda s, n, k, seed: ks.ACDC(
        s, n // 10, n // 20, compress_from=int(0.85 * n)
    ),
    "gradual, per layer": lambda s, n, k, seed: ks.MagnitudePruning(
        polynomial(s, n, k)
    ),
    "gradual, global": lambda s, n, k, seed: ks.MagnitudePruning(
        polynomial(s, n, k), scope="global"
    ),
}

# Not in the table by default: variants, and SET and RigL with the drop fraction
# of SNFS.
CONTROLS = {
    "rigl, constant fan-in": lambda s, n, k, seed: moving(
        ks.RigL, s, n, k, seed, pattern=ks.ConstantFanIn(0.3)
    ),
    "rigl, in-time": lambda s, n, k, seed: ks.RigL.itop(s, 2 * k, seed=seed),
    "set, in-time": lambda s, n, k, seed: ks.SET.itop(s, 2 * k, seed=seed),
    "set, drop half": lambda s, n, k, seed: moving(
        ks.SET, s, n, k, seed, drop_fraction=0.5
    ),
    "rigl, drop half": lambda s, n, k, seed: moving(
        ks.RigL, s, n, k, seed, drop_fraction=0.5
    ),
}


def train(run):
    """Trains one `science.Run`.

    Returns:
        Dict: its accuracy on the test set, the share of weights that are live
        at the end and that of those that ever were.
    """
    import keras
    import science_models

    options = run.options
    keras.backend.clear_session()
    keras.utils.set_random_seed(run.seed)
    data, test = science.load(options["dataset"], options["data_dir"])
    classes = int(data[1].max()) + 1
    model = science_models.build(
        options["model"], data[0].shape[1:], classes, options["l2"]
    )
    optimizer = science.sgd(options)
    if run.label != "dense":
        method = {**METHODS, **CONTROLS}[run.label](
            run.sparsity, options["steps"], options["update_every"], run.seed
        )
        optimizer = ks.sparsify(model, optimizer, method)
    explored = {}

    def explore(batch, logs):
        for path, mask in ks.masks(model).items():
            explored[path] = mask | explored.get(path, False)

    dense = run.label == "dense"
    watch = keras.callbacks.LambdaCallback(on_train_batch_end=explore)
    accuracy = science.compile_and_train(
        model,
        optimizer,
        options,
        data,
        test,
        run.seed,
        None if dense else [watch],
    )
    if dense:
        return {"accuracy": accuracy, "live": 1.0, "explored": 1.0}
    return {
        "accuracy": accuracy,
        "live": _share(ks.masks(model)),
        "explored": _share(explored),
    }


def _share(masks):
    live = sum(int(mask.sum()) for mask in masks.values())
    return live / sum(mask.size for mask in masks.values())


def main():
    """Trains all, prints, writes."""
    labels = ["dense", *METHODS]
    parser = science.parser(
        __doc__.split("\n")[0], 1600, [0.8, 0.9, 0.95, 0.98], labels
    )
    parser.add_argument("--update-every", type=int, default=100)
    science.table(vars(parser.parse_args()), train, "methods")


if __name__ == "__main__":
    main()
