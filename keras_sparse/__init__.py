"""Sparse training and pruning for Keras 3."""

from keras_sparse import datasets, distributions
from keras_sparse.callbacks import MaskRecorder, SparsityLogger
from keras_sparse.layer_counts import count
from keras_sparse.magnitude_pruning import MagnitudePruning
from keras_sparse.method import Method
from keras_sparse.optimizer import SparseOptimizer
from keras_sparse.patterns import Block, Channels, ConstantFanIn, NofM
from keras_sparse.rigl import SET, RigL, Static
from keras_sparse.schedules import ConstantSparsity, PolynomialDecay
from keras_sparse.sparsify import masks, sparsify, sparsity
from keras_sparse.straight_through import STE, TopKAST
from keras_sparse.summary import summary

__all__ = [
    "SET",
    "STE",
    "Block",
    "Channels",
    "ConstantFanIn",
    "ConstantSparsity",
    "MagnitudePruning",
    "MaskRecorder",
    "Method",
    "NofM",
    "PolynomialDecay",
    "RigL",
    "SparseOptimizer",
    "SparsityLogger",
    "Static",
    "TopKAST",
    "count",
    "datasets",
    "distributions",
    "masks",
    "sparsify",
    "sparsity",
    "summary",
]
