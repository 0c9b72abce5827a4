"""Every method of keras_sparse, small and soon, for tests that ask all.

Weights must have dimensions that are divisible by 4, but for the last one,
where 2 is enough.
"""

import keras_sparse as ks

SOON = dict(update_every=3, update_until=100)
CUBIC = ks.PolynomialDecay(0.1, 0.5, 2, 20, frequency=3)
# Each with the law that its numbers of live weights obey: those of each layer
# stay, their total stays, they never rise, or rise and fall.
METHODS = {
    "static": (lambda: ks.Static(0.5), "layers"),
    "set": (lambda: ks.SET(0.5, **SOON), "layers"),
    "rigl": (lambda: ks.RigL(0.5, **SOON), "layers"),
    "itop": (lambda: ks.RigL.itop(0.5, update_every=4), "layers"),
    "deepr": (lambda: ks.DeepR(0.5), "layers"),
    "ste": (lambda: ks.STE(0.5), "layers"),
    "top_kast": (lambda: ks.TopKAST(0.5, 0.25), "layers"),
    "snfs": (lambda: ks.SNFS(0.5, **SOON), "total"),
    "snfs_fixed": (
        lambda: ks.SNFS(0.5, redistribution=None, **SOON),
        "layers",
    ),
    "dsr": (lambda: ks.DSR(0.5, update_every=3), "total"),
    "granet": (
        lambda: ks.GraNet(0.2, 0.5, begin_step=2, end_step=20, update_every=3),
        "falls",
    ),
    "magnitude": (lambda: ks.MagnitudePruning(CUBIC), "falls"),
    "magnitude_global": (
        lambda: ks.MagnitudePruning(CUBIC, scope="global"),
        "falls",
    ),
    "acdc": (lambda: ks.ACDC(0.5, 3, 3, compress_from=18), "any"),
    "acdc_2_of_4": (
        lambda: ks.ACDC(
            0.5, 3, 3, compress_from=18, scope="layer", pattern=ks.NofM(2, 4)
        ),
        "any",
    ),
    "snfs_block": (
        lambda: ks.SNFS(
            0.5, redistribution=None, pattern=ks.Block(2, 2), **SOON
        ),
        "layers",
    ),
    "rigl_block": (
        lambda: ks.RigL(0.5, pattern=ks.Block(2, 2), **SOON),
        "layers",
    ),
    "set_2_of_4": (
        lambda: ks.SET(0.5, pattern=ks.NofM(2, 4), **SOON),
        "layers",
    ),
    "ste_2_of_4": (lambda: ks.STE(0.5, pattern=ks.NofM(2, 4)), "layers"),
    "srigl": (
        lambda: ks.RigL(0.5, pattern=ks.ConstantFanIn(0.3), **SOON),
        "falls",
    ),
    "magnitude_channels": (
        lambda: ks.MagnitudePruning(CUBIC, pattern=ks.Channels()),
        "falls",
    ),
}


# Masks before training, of a model, x and y; no name is also a method's.
BEFORE_TRAINING = {
    "snip": lambda model, x, y: ks.snip(
        model, x, y, 0.5, "mse", never_empty=True
    ),
    "grasp": lambda model, x, y: ks.grasp(
        model, x, y, 0.5, loss="mse", outputs="logits", never_empty=True
    ),
    "synflow": lambda model, x, y: ks.synflow(
        model, 0.5, rounds=5, input_shape=x.shape[1:], never_empty=True
    ),
    "magnitude_before": lambda model, x, y: ks.magnitude(
        model, 0.5, never_empty=True
    ),
    "random_before": lambda model, x, y: ks.random(model, 0.5, "uniform"),
}
