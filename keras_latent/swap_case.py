"""Images to decode with labels that are not theirs."""

import numpy as np

from _keras_sparse_common.arguments import check_count
from keras_latent.frozen_networks import call_frozen, encoder_and_decoder
from keras_latent.labelled_data import attribute_table, labelled_batches
from keras_latent.reconstruction_error import attribute_sizes_of


class SwapCase:
    """A model, images, labels and the attribute to change, checked.

    Args:
        model, images, labels, sizes, attribute, class_names: as for
            `fader_grid`.

    Raises:
        ValueError: arguments that do not fit each other.
    """

    def __init__(self, model, images, labels, sizes, attribute, class_names):
        self.encoder, self.decoder = encoder_and_decoder(model)
        sizes = sizes or attribute_sizes_of(model)
        given = next(labelled_batches((images, labels), max(1, len(labels))))
        self.images = given[0]
        self.table, self.sizes = attribute_table(given[1], sizes)
        if self.images.ndim != 4 or self.images.shape[-1] not in (1, 3):
            raise ValueError(
                "`images` must have the shape (examples, height, width, 1 or "
                f"3) to be drawn. Received: shape {self.images.shape}."
            )
        check_count("attribute", attribute, minimum=0)
        if attribute >= len(self.sizes):
            raise ValueError(
                "`attribute` must be the number of an attribute, less than "
                f"{len(self.sizes)}. Received: attribute={attribute}."
            )
        self.size = self.sizes[attribute]
        self.own = self.table[:, attribute]
        names = range(self.size) if class_names is None else class_names
        self.names = [str(name) for name in names]
        if isinstance(class_names, str) or len(self.names) != self.size:
            raise ValueError(
                f"`class_names` must name {self.size} labels. Received: "
                f"class_names={class_names!r}."
            )

    def rows_to_fill(self, rows):
        """Examples of each label that make about `rows`, at least one."""
        return max(1, rows // self.size)

    def decode(self, rows, columns):
        """Images (rows, targets, height, width, channels)."""
        repeats = len(columns) // len(rows)
        codes = call_frozen(self.encoder, self.images[rows])
        codes = np.repeat(codes, repeats, axis=0)
        decoded = call_frozen(self.decoder, [codes, columns])
        return decoded.reshape(len(rows), repeats, *decoded.shape[1:])


def first_of_each(labels, count):
    """Rows of the first `count` examples of each label, in their order."""
    found = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.concatenate([rows[:count] for rows in found])
