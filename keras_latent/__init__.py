"""Adversarial representations and latent directions for Keras 3."""

from keras_latent import datasets
from keras_latent.ablation import AblationCurve, ablation_curve
from keras_latent.activeness import activeness
from keras_latent.adversarial_schedule import AdversarialSchedule
from keras_latent.annealed_learning_rate import AnnealedLearningRate
from keras_latent.artefacts import ArtefactFindings, artefact_units
from keras_latent.causal_effect import CausalEffect, causal_effect
from keras_latent.conditional_decoder import (
    ConcatenateAttribute,
    concatenate_attribute,
    conditional_decoder,
)
from keras_latent.default_features import default_features
from keras_latent.direction_discovery import DirectionDiscovery
from keras_latent.directions import Directions
from keras_latent.dissection import dissect
from keras_latent.dissection_report import dissection_report
from keras_latent.dissection_table import Dissection, Unit
from keras_latent.domain_adversarial import DomainAdversarial
from keras_latent.domain_networks import domain_networks
from keras_latent.domain_pairs import pair
from keras_latent.dsprites import dsprites
from keras_latent.equalized_layers import EqualizedConv2D, EqualizedDense
from keras_latent.evolutionary_gan import EvolutionaryGAN
from keras_latent.fader import Fader
from keras_latent.fader_networks import fader_networks
from keras_latent.fader_pictures import fader_grid, interpolation_strips
from keras_latent.fader_report import FaderReport
from keras_latent.fader_verdict import FaderFindings, FaderLimits
from keras_latent.feature_extractors import (
    FeatureExtractor,
    feature_extractor,
)
from keras_latent.feature_statistics import (
    FeatureStatistics,
    feature_statistics,
)
from keras_latent.frechet_distance import (
    FrechetFindings,
    frechet_distance,
    gaussian_frechet_distance,
)
from keras_latent.gan import GAN
from keras_latent.gan_findings import GANFindings
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
from keras_latent.gan_report import GANReport
from keras_latent.ganspace import ganspace
from keras_latent.gaussian_toys import gaussian_grid, gaussian_ring
from keras_latent.gradient_reversal import GradientReversal, reverse_gradient
from keras_latent.hessian_directions import HessianDirections
from keras_latent.hessian_penalty import hessian_penalty
from keras_latent.hessian_regularizer import HessianPenaltyRegularizer
from keras_latent.hessian_scores import HessianFindings, hessian_scores
from keras_latent.image_classifier import train_classifier
from keras_latent.inception_features import inception_features
from keras_latent.inception_score import (
    InceptionScoreFindings,
    inception_score,
)
from keras_latent.info_gan import InfoGAN
from keras_latent.intervention import intervene
from keras_latent.kernel_distance import KernelFindings, kernel_distance
from keras_latent.mask_iou import mask_iou
from keras_latent.mode_coverage import ModeFindings, mode_coverage
from keras_latent.monitors import ProbeMonitor
from keras_latent.naturalness import naturalness
from keras_latent.naturalness_findings import NaturalnessFindings
from keras_latent.path_length import PathLengthFindings, path_length
from keras_latent.probe import ProbeFindings, probe_accuracy
from keras_latent.progressive_gan import ProgressiveGAN
from keras_latent.progressive_layers import (
    MinibatchStandardDeviation,
    PixelNormalization,
)
from keras_latent.progressive_networks import progressive_networks
from keras_latent.reconstruction_accuracy import (
    ReconstructionAccuracy,
    reconstruction_accuracy,
)
from keras_latent.reconstruction_error import (
    ReconstructionFindings,
    reconstruction_error,
)
from keras_latent.reconstructors import lenet_reconstructor
from keras_latent.resnet_reconstructor import resnet18_reconstructor
from keras_latent.saliency import SaliencyData, saliency_masks
from keras_latent.sample_grids import SampleGrid
from keras_latent.sample_history import SampleHistory
from keras_latent.sample_pictures import sample_grid
from keras_latent.sefa import sefa
from keras_latent.segmentation_network import segmentation_network
from keras_latent.shapes import ShapesData, render_shapes, shapes
from keras_latent.slerp import slerp
from keras_latent.swap import SwapFindings, swap_accuracy

__all__ = [
    "AblationCurve",
    "AdversarialSchedule",
    "AnnealedLearningRate",
    "ArtefactFindings",
    "CausalEffect",
    "ConcatenateAttribute",
    "DirectionDiscovery",
    "Directions",
    "Dissection",
    "DomainAdversarial",
    "EqualizedConv2D",
    "EqualizedDense",
    "EvolutionaryGAN",
    "Fader",
    "FaderFindings",
    "FaderLimits",
    "FaderReport",
    "FeatureExtractor",
    "FeatureStatistics",
    "FrechetFindings",
    "GAN",
    "GANFindings",
    "GANLoss",
    "GANRegularizer",
    "GANReport",
    "GradientPenalty",
    "GradientReversal",
    "HessianDirections",
    "HessianFindings",
    "HessianPenaltyRegularizer",
    "InceptionScoreFindings",
    "InfoGAN",
    "KernelFindings",
    "MinibatchStandardDeviation",
    "ModeFindings",
    "NaturalnessFindings",
    "PathLengthFindings",
    "PixelNormalization",
    "ProbeFindings",
    "ProbeMonitor",
    "ProgressiveGAN",
    "R1Penalty",
    "ReconstructionAccuracy",
    "ReconstructionFindings",
    "SaliencyData",
    "SampleGrid",
    "SampleHistory",
    "ShapesData",
    "SwapFindings",
    "Unit",
    "ablation_curve",
    "activeness",
    "artefact_units",
    "causal_effect",
    "concatenate_attribute",
    "conditional_decoder",
    "datasets",
    "dcgan",
    "dcgan_networks",
    "default_features",
    "dissect",
    "dissection_report",
    "domain_networks",
    "dsprites",
    "fader_grid",
    "fader_networks",
    "feature_extractor",
    "feature_statistics",
    "frechet_distance",
    "ganspace",
    "gaussian_frechet_distance",
    "gaussian_grid",
    "gaussian_ring",
    "hessian_penalty",
    "hessian_scores",
    "inception_features",
    "inception_score",
    "interpolation_strips",
    "intervene",
    "kernel_distance",
    "lenet_reconstructor",
    "mask_iou",
    "mlp_gan_networks",
    "mode_coverage",
    "naturalness",
    "pair",
    "path_length",
    "probe_accuracy",
    "progressive_networks",
    "reconstruction_accuracy",
    "reconstruction_error",
    "render_shapes",
    "resnet18_reconstructor",
    "reverse_gradient",
    "saliency_masks",
    "sample_grid",
    "sefa",
    "segmentation_network",
    "shapes",
    "slerp",
    "sngan_networks",
    "swap_accuracy",
    "train_classifier",
]
