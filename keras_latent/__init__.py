"""Adversarial representations and latent directions for Keras 3."""

from keras_latent import datasets
from keras_latent.adversarial_schedule import AdversarialSchedule
from keras_latent.annealed_learning_rate import AnnealedLearningRate
from keras_latent.conditional_decoder import (
    ConcatenateAttribute,
    concatenate_attribute,
    conditional_decoder,
)
from keras_latent.domain_adversarial import DomainAdversarial
from keras_latent.domain_networks import domain_networks
from keras_latent.domain_pairs import pair
from keras_latent.fader import Fader
from keras_latent.fader_networks import fader_networks
from keras_latent.fader_pictures import fader_grid, interpolation_strips
from keras_latent.fader_report import FaderReport
from keras_latent.fader_verdict import FaderFindings, FaderLimits
from keras_latent.gan import GAN
from keras_latent.gan_losses import GANLoss
from keras_latent.gan_networks import (
    dcgan,
    dcgan_networks,
    mlp_gan_networks,
    sngan_networks,
)
from keras_latent.gan_regularizers import (
    GANRegularizer,
    GradientPenalty,
    R1Penalty,
)
from keras_latent.gaussian_toys import gaussian_grid, gaussian_ring
from keras_latent.gradient_reversal import GradientReversal, reverse_gradient
from keras_latent.image_classifier import train_classifier
from keras_latent.monitors import ProbeMonitor
from keras_latent.probe import ProbeFindings, probe_accuracy
from keras_latent.reconstruction_error import (
    ReconstructionFindings,
    reconstruction_error,
)
from keras_latent.swap import SwapFindings, swap_accuracy

__all__ = [
    "AdversarialSchedule",
    "AnnealedLearningRate",
    "ConcatenateAttribute",
    "DomainAdversarial",
    "Fader",
    "FaderFindings",
    "FaderLimits",
    "FaderReport",
    "GAN",
    "GANLoss",
    "GANRegularizer",
    "GradientPenalty",
    "GradientReversal",
    "ProbeFindings",
    "ProbeMonitor",
    "R1Penalty",
    "ReconstructionFindings",
    "SwapFindings",
    "concatenate_attribute",
    "conditional_decoder",
    "datasets",
    "dcgan",
    "dcgan_networks",
    "domain_networks",
    "fader_grid",
    "fader_networks",
    "gaussian_grid",
    "gaussian_ring",
    "interpolation_strips",
    "mlp_gan_networks",
    "pair",
    "probe_accuracy",
    "reconstruction_error",
    "reverse_gradient",
    "sngan_networks",
    "swap_accuracy",
    "train_classifier",
]
