"""How far each unit takes part in a class: alpha, by gradient descent."""

import keras
import numpy as np
import tensorflow as tf

from keras_latent.causal_locations import area_average, edit_at
from keras_latent.layer_edits import edited


class Interventions:
    """What is left, or made, of a class at places where units are changed.

    Args:
        maps: `LayerMaps`.
        score: `ClassScore`.
        value: float array (units,), what is inserted.
    """

    def __init__(self, maps, score, value):
        self.maps, self.score = maps, score
        self.value = tf.constant(value, "float32")

    def __call__(self, rows, places, alpha, insert, hard=False):
        """Share of the class in each place, float32 tensor (images,).

        Args:
            rows: int tensor (images,), of the latent points.
            places: int tensor (images,), of the flattened map.
            alpha: float tensor (units,).
            insert: bool; False: ablate.
            hard: bool, by masks; False: by probabilities.
        """
        shape = self.maps.map_shape
        value = self.value if insert else tf.zeros_like(self.value)
        edit = edit_at(places, shape, alpha, value)
        with edited(self.maps.generator, self.maps.layer, edit):
            images = self.maps.images(rows)
        there = area_average(self.score(images)[int(hard)], shape[:2])
        there = tf.reshape(there, (-1, shape[0] * shape[1]))
        return tf.gather(there, places, batch_dims=1)

    def mean(self, where, alpha, insert):
        """Mean share of the class by masks, in all of some places.

        Args:
            where: `Places`.
            alpha, insert: as above.

        Returns:
            float.
        """
        size, found = self.maps.batch_size, []
        for start in range(0, len(where.rows), size):
            part = where.take(slice(start, start + size))
            found.append(self(part.rows, part.places, alpha, insert, True))
        return float(tf.reduce_mean(tf.concat(found, axis=0)))


def optimise_alpha(interventions, present, candidates, alpha, steps, settings):
    """Alpha that removes most of a class, and adds most, with few units.

    Args:
        interventions: `Interventions`.
        present, candidates: `Places` to ablate in, and to insert in.
        alpha: float array (units,), where to begin.
        steps: int, of Adam; alpha is cut to [0, 1] after each.
        settings: (learning rate, weight decay, batch size, generator of
            random numbers).

    Returns:
        float32 array (units,).

    Source: `ace_loss` and `train_ablation` in `netdissect/aceoptimize.py` of
        CSAILVision/gandissect.
    Differs from the authors' code: insertion is read where it is done.
    """
    learning_rate, weight_decay, batch_size, draw = settings
    alpha = keras.Variable(alpha, dtype="float32", name="alpha")
    optimizer = keras.optimizers.Adam(learning_rate, epsilon=1e-8)
    optimizer.build([alpha])

    @tf.function
    def step(rows, places, other_rows, other_places):
        with tf.GradientTape() as tape:
            left = interventions(rows, places, alpha.value, False)
            made = interventions(other_rows, other_places, alpha.value, True)
            decay = weight_decay * tf.reduce_sum(tf.square(alpha.value))
            loss = tf.reduce_mean(left) - tf.reduce_mean(made) + decay
        optimizer.apply([tape.gradient(loss, alpha.value)], [alpha])
        alpha.assign(tf.clip_by_value(alpha.value, 0.0, 1.0))

    ablated = _batches(present, batch_size, draw)
    inserted = _batches(candidates, batch_size, draw)
    for _ in range(steps):
        step(*next(ablated), *next(inserted))
    return alpha.numpy()


def _batches(where, batch_size, draw):
    """Batches without end, each epoch in a new order."""
    size = min(batch_size, len(where.rows))
    while True:
        order = draw.permutation(len(where.rows))
        for start in range(0, len(order) - size + 1, size):
            part = where.take(order[start : start + size])
            yield tf.constant(part.rows), tf.constant(part.places)


def held_out(where):
    """All but the last sixth of some `Places`, and the last sixth.

    Raises:
        ValueError: fewer than two.
    """
    count = len(where.rows)
    if count < 2:
        raise ValueError(
            "`z` must give two images with the class, and two without, at "
            f"least: to optimise on, and to measure. Received: {count}."
        )
    learnt = count - max(1, count // 6)
    return where.take(np.arange(learnt)), where.take(np.arange(learnt, count))
