"""Sparse training and pruning for Keras 3."""

__all__ = []
