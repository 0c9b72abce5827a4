"""What directions do to the slant and the strokes of digits; a sheet of it."""

import numpy as np

import keras_latent as kl

SHOWN, POINTS = 3, 3  # directions of each kind and digits of the sheet
MEASURED = 128  # digits by which slant and ink are measured


def named(directions, generator):
    """Directions with what they do to slant and ink as scores, and as names.

    The mean change from shift -2 to 2, in standard deviations of digits.
    """
    images = np.stack(
        [
            directions.traverse(
                generator, latents(MEASURED, directions), k, [-2, 0, 2]
            )
            for k in range(len(directions))
        ]
    )
    scores, names = dict(directions.scores), list(directions.names)
    for name, measure in (("slant", slant), ("ink", ink)):
        values = measure((images[..., 0] + 1) / 2)
        change = (values[..., 2] - values[..., 0]).mean(axis=1)
        scores[name] = change / values[..., 1].std()
        for k in strongest(scores[name]):
            names[k] += f", {name}"
    return kl.Directions(directions.matrix, names, scores)


def slant(images):
    """Columns by which a digit moves to the left from row to row."""
    line = np.arange(images.shape[-1])
    total = images.sum((-1, -2))[..., None, None]
    row, column = line[:, None], line[None]
    row = row - (images * row).sum((-1, -2), keepdims=True) / total
    column = column - (images * column).sum((-1, -2), keepdims=True) / total
    both = (images * row * column).sum((-1, -2))
    return -both / (images * row**2).sum((-1, -2))


def ink(images):
    """Mean brightness, which goes with the width of strokes."""
    return images.mean((-1, -2))


def strongest(changes):
    """Numbers of the directions that change something most."""
    return np.argsort(-np.abs(changes))[:SHOWN]


def latents(count, directions):
    """Latent points to look at, always the same."""
    shape = count, directions.latent_dim
    return np.random.default_rng(5).standard_normal(shape)


def sheet(directions, generator, path):
    """The directions that change slant or ink most, on a few digits."""
    chosen = [strongest(directions.scores[name]) for name in ("slant", "ink")]
    chosen = list(dict.fromkeys(int(k) for k in np.concatenate(chosen)))
    directions.plot(
        generator,
        latents(POINTS, directions),
        chosen,
        np.arange(-3, 4),
        path,
        image_range=(-1, 1),
    )
