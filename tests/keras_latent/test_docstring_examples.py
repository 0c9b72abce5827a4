"""Runs the examples of the docstrings, in the order of the table."""

import doctest
import importlib

import pytest

MODULES = [
    "keras_latent.activeness",
    "keras_latent.adversarial_schedule",
    "keras_latent.annealed_learning_rate",
    "keras_latent.cli_errors",
    "keras_latent.conditional_decoder",
    "keras_latent.datasets",
    "keras_latent.directions",
    "keras_latent.domain_adversarial",
    "keras_latent.domain_losses",
    "keras_latent.domain_networks",
    "keras_latent.domain_pairs",
    "keras_latent.equalized_layers",
    "keras_latent.evolution_fitness",
    "keras_latent.evolution_mutations",
    "keras_latent.evolution_state",
    "keras_latent.evolution_steps",
    "keras_latent.evolutionary_gan",
    "keras_latent.fader",
    "keras_latent.fader_attributes",
    "keras_latent.fader_curves",
    "keras_latent.fader_losses",
    "keras_latent.fader_networks",
    "keras_latent.fader_pictures",
    "keras_latent.fader_report",
    "keras_latent.fader_verdict",
    "keras_latent.fresh_batches",
    "keras_latent.gan",
    "keras_latent.gan_latent",
    "keras_latent.gan_losses",
    "keras_latent.gan_networks",
    "keras_latent.gan_regularizers",
    "keras_latent.gaussian_toys",
    "keras_latent.gradient_reversal",
    "keras_latent.hessian_penalty",
    "keras_latent.hessian_regularizer",
    "keras_latent.hessian_scores",
    "keras_latent.image_arrays",
    "keras_latent.image_classifier",
    "keras_latent.info_gan",
    "keras_latent.info_gan_checks",
    "keras_latent.info_gan_codes",
    "keras_latent.info_gan_losses",
    "keras_latent.labelled_data",
    "keras_latent.layer_outputs",
    "keras_latent.mnist_m",
    "keras_latent.monitors",
    "keras_latent.pictures",
    "keras_latent.probe",
    "keras_latent.probe_classifier",
    "keras_latent.progressive_gan",
    "keras_latent.progressive_layers",
    "keras_latent.progressive_networks",
    "keras_latent.progressive_stages",
    "keras_latent.reconstruction_error",
    "keras_latent.second_differences",
    "keras_latent.shapes",
    "keras_latent.shuffled_batches",
    "keras_latent.steered_generator",
    "keras_latent.swap",
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    failed, attempted = doctest.testmod(importlib.import_module(name))
    assert attempted > 0 and failed == 0
