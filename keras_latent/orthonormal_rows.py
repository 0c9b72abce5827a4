"""Rows of a matrix made orthonormal, through which gradients pass."""

import tensorflow as tf


def orthonormal_rows(matrix):
    """Gram-Schmidt of the rows of a matrix, by QR with the signs put right.

    Row k of the result is row k of the matrix without its part in the rows
    before, at length 1. So rows that are orthonormal already stay.

    Args:
        matrix: float tensor (rows, columns) of full rank, rows <= columns.

    Returns:
        Tensor of the same shape.

    Source: `fast_gram_schmidt` in biggan_discovery/layers.py of
        wpeebles/hessian_penalty.
    Differs from it: Householder QR, which loses no digits with many rows.

    Example:
        >>> from keras_latent.orthonormal_rows import orthonormal_rows
        >>> rows = orthonormal_rows([[0.0, -2.0, 0.0], [5.0, 7.0, 0.0]])
        >>> (rows.numpy().round(4) + 0.0).tolist()
        [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    columns, triangle = tf.linalg.qr(tf.transpose(tf.convert_to_tensor(matrix)))
    diagonal = tf.linalg.diag_part(triangle)
    # QR leaves the signs open; Gram-Schmidt has a positive diagonal.
    signs = tf.where(diagonal < 0, -tf.ones_like(diagonal), 1)
    return tf.transpose(columns * signs)
