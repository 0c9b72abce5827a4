"""Sparse training and pruning for Keras 3."""

from keras_sparse import datasets, distributed, distributions
from keras_sparse.acdc import ACDC
from keras_sparse.backup import BackupAndRestore
from keras_sparse.balanced import balanced_batch
from keras_sparse.callbacks import MaskRecorder, SparsityLogger
from keras_sparse.compact_mlp import compact_mlp
from keras_sparse.deepr import DeepR
from keras_sparse.device_profiles import DenseBlocks, device_profile
from keras_sparse.dsr import DSR
from keras_sparse.granet import GraNet
from keras_sparse.hard_concrete import HardConcreteGate
from keras_sparse.layer_counts import count
from keras_sparse.lottery import lottery_ticket
from keras_sparse.magnitude_pruning import MagnitudePruning
from keras_sparse.method import Method, Moment, SparseWeight, Update
from keras_sparse.optimizer import SparseOptimizer
from keras_sparse.patterns import Block, Channels, ConstantFanIn, NofM
from keras_sparse.rigl import SET, RigL, Static
from keras_sparse.saliency import grasp, magnitude, random, snip, synflow
from keras_sparse.schedules import ConstantSparsity, PolynomialDecay
from keras_sparse.snfs import SNFS
from keras_sparse.sparsify import masks, sparsify, sparsity
from keras_sparse.straight_through import STE, TopKAST
from keras_sparse.summary import summary

__all__ = [
    "ACDC",
    "DSR",
    "SET",
    "SNFS",
    "STE",
    "BackupAndRestore",
    "Block",
    "Channels",
    "ConstantFanIn",
    "ConstantSparsity",
    "DeepR",
    "DenseBlocks",
    "GraNet",
    "HardConcreteGate",
    "MagnitudePruning",
    "MaskRecorder",
    "Method",
    "Moment",
    "NofM",
    "PolynomialDecay",
    "RigL",
    "SparseOptimizer",
    "SparseWeight",
    "SparsityLogger",
    "Static",
    "TopKAST",
    "Update",
    "balanced_batch",
    "compact_mlp",
    "count",
    "datasets",
    "device_profile",
    "distributed",
    "distributions",
    "grasp",
    "lottery_ticket",
    "magnitude",
    "masks",
    "random",
    "snip",
    "sparsify",
    "sparsity",
    "summary",
    "synflow",
]
