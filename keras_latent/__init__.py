"""Adversarial representations and latent directions for Keras 3."""

__all__ = []
