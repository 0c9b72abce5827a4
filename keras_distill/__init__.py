"""Subclass distillation and its baselines for Keras 3."""

__all__ = []
