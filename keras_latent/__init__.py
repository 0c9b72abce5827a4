"""Adversarial representations and latent directions for Keras 3."""

from keras_latent.adversarial_schedule import AdversarialSchedule
from keras_latent.annealed_learning_rate import AnnealedLearningRate
from keras_latent.gradient_reversal import GradientReversal, reverse_gradient

__all__ = [
    "AdversarialSchedule",
    "AnnealedLearningRate",
    "GradientReversal",
    "reverse_gradient",
]
