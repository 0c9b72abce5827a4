"""How much of a class a segmenter sees, and where its units are sought."""

import keras
import numpy as np
import tensorflow as tf

from _keras_sparse_common.arguments import check_count
from keras_latent.dissection import dissect
from keras_latent.dissection_table import Dissection
from keras_latent.segment_masks import check_segmenter


class ClassScore:
    """Probability and mask of one class, of a segmenter with gradients.

    Args:
        segmenter: Keras model or function from images to probabilities
            (images, height, width, labels), label 0 the background.
        label: int from 1.

    Raises:
        ValueError: a segmenter that cannot be called, a label that is none;
            when called, outputs that are not probabilities of this label.

    Example:
        >>> from keras_latent.causal_score import ClassScore
        >>> score = ClassScore(lambda x: tf.concat([1 - x, x], -1), 1)
        >>> probability, mask = score(tf.constant([[[[0.25], [0.75]]]]))
        >>> probability.numpy().tolist(), mask.numpy().tolist()
        ([[[0.25, 0.75]]], [[[0.0, 1.0]]])
    """

    def __init__(self, segmenter, label):
        check_segmenter(segmenter)
        check_count("class_", label)
        self.segmenter, self.label = segmenter, label

    def __call__(self, images):
        """Two float32 tensors (images, height, width)."""
        found = self.probabilities(images)
        mask = tf.equal(tf.argmax(found, axis=-1), self.label)
        return found[..., self.label], tf.cast(mask, "float32")

    def probabilities(self, images):
        """float32 tensor (images, height, width, labels)."""
        frozen = isinstance(self.segmenter, keras.Layer)
        options = {"training": False} if frozen else {}
        found = tf.convert_to_tensor(self.segmenter(images, **options))
        if not found.dtype.is_floating or found.shape.rank != 4:
            raise ValueError(
                "`segmenter` must give probabilities (images, height, width, "
                f"labels) here. Received: {found.dtype.name} of shape "
                f"{found.shape}. Masks have no gradient: leave out the argmax."
            )
        if self.label >= found.shape[-1]:
            raise ValueError(
                f"`class_` must be less than {found.shape[-1]}, the labels "
                f"of the segmenter. Received: class_={self.label}."
            )
        found = tf.cast(found, "float32")
        if not tf.is_symbolic_tensor(found):
            low, high = tf.reduce_min(found), tf.reduce_max(found)
            if not (low >= -1e-3 and high <= 1 + 1e-3):
                raise ValueError(
                    "`segmenter` must give probabilities in [0, 1]. Received: "
                    f"{float(low):g} to {float(high):g}. Logits become "
                    "probabilities by a softmax."
                )
        return found

    def masks(self, images):
        """int64 array (images, height, width), for `dissect`."""
        return tf.argmax(self.probabilities(images), axis=-1).numpy()


def initial_alpha(initial, maps, score):
    """Where alpha begins, of each unit.

    Args:
        initial: None, `Dissection`, or array (units,) in [0, 1].
        maps: `LayerMaps`.
        score: `ClassScore`.

    Returns:
        float32 array (units,); of a dissection, IoU over the largest.

    Raises:
        ValueError: numbers out of range, or of another count of units.

    Source: `initial_ablation` in `netdissect/aceoptimize.py` of
        CSAILVision/gandissect.
    """
    units = maps.map_shape[-1]
    if initial is None:
        initial = dissect(
            maps.generator,
            maps.layer,
            maps.z,
            score.masks,
            batch_size=maps.batch_size,
            conditioning=maps.conditioning,
            latent_dim=maps.steered.latent_dim,
        )
    if isinstance(initial, Dissection):
        known = score.label < initial.ious.shape[1]
        iou = initial.ious[:, score.label] if known else np.zeros(units)
        initial = iou / max(iou.max(), 1e-12)
    alpha = np.asarray(initial, "float32")
    if alpha.shape != (units,) or not (alpha.min() >= 0 and alpha.max() <= 1):
        raise ValueError(
            f"`initial` must be a number in [0, 1] for each of {units} units, "
            f"or a dissection of them. Received: shape {alpha.shape}."
        )
    return alpha
