"""Sparse training and pruning for Keras 3."""

from keras_sparse import distributions
from keras_sparse.magnitude_pruning import MagnitudePruning
from keras_sparse.method import Method
from keras_sparse.optimizer import SparseOptimizer
from keras_sparse.rigl import SET, RigL, Static
from keras_sparse.schedules import ConstantSparsity, PolynomialDecay
from keras_sparse.sparsify import masks, sparsify, sparsity

__all__ = [
    "SET",
    "ConstantSparsity",
    "MagnitudePruning",
    "Method",
    "PolynomialDecay",
    "RigL",
    "SparseOptimizer",
    "Static",
    "distributions",
    "masks",
    "sparsify",
    "sparsity",
]
