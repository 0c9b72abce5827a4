"""Export of Keras 3 models to SavedModel and LiteRT, verified."""

__all__ = []
