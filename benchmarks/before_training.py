"""Pruning before training: GraSP, SNIP, SynFlow, magnitude and random.

    python benchmarks/before_training.py --data-dir DIR
    KERAS_BACKEND=jax python benchmarks/before_training.py --data-dir DIR \
        --model wrn-22-2 --steps 62500 --batch-size 128 --l2 1e-4 --augment \
        --workers 1

Masks are drawn from the untrained network, then trained as they are. Prints a
table, writes `benchmarks/results/before_training.json` and a plot.
"""

import science

import keras_sparse as ks

SAMPLES_PER_CLASS = 25  # GraSP's; SNIP sees the same examples


def _masks(label, model, sparsity, data, seed):
    import keras

    if label == "random, uniform":
        return ks.random(model, sparsity, distribution="uniform", seed=seed)
    if label == "random, erk":
        return ks.random(model, sparsity, distribution="erk", seed=seed)
    if label == "magnitude":
        return ks.magnitude(model, sparsity)
    if label == "synflow":
        return ks.synflow(model, sparsity)
    x, y = ks.balanced_batch(*data, SAMPLES_PER_CLASS, seed=seed)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    prune = {"snip": ks.snip, "grasp": ks.grasp}[label]
    return prune(model, x, y, sparsity, loss=loss)


LABELS = ["grasp", "snip", "synflow", "magnitude"]
LABELS += ["random, uniform", "random, erk"]


def train(run):
    """Prunes and trains one `science.Run`."""
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
    optimizer, live, empty = science.sgd(options), 1.0, 0
    if run.label != "dense":
        masks = _masks(run.label, model, run.sparsity, data, run.seed)
        optimizer = ks.sparsify(model, optimizer, ks.Static(0.0), masks=masks)
        kept = [int(mask.sum()) for mask in masks.values()]
        live = sum(kept) / sum(mask.size for mask in masks.values())
        empty = kept.count(0)
    accuracy = science.compile_and_train(
        model, optimizer, options, data, test, run.seed
    )
    return {"accuracy": accuracy, "live": live, "empty layers": empty}


def main():
    """Trains all, prints, writes."""
    labels = ["dense", *LABELS]
    parser = science.parser(
        __doc__.split("\n")[0], 1000, [0.9, 0.95, 0.98, 0.99, 0.995], labels
    )
    science.table(vars(parser.parse_args()), train, "before_training")


if __name__ == "__main__":
    main()
