"""The verdict on a Fader: what succeeds and what fails."""

import numpy as np
import pytest
from fader_cases import nothing, obey, report, whole

import keras_latent as kl
from keras_latent.fader_verdict import guessing_loss, judge_fader, looks_fooled


def test_loss_near_ln_10_with_the_label_in_the_code_is_a_failure(tmp_path):
    """The planted case: the classifier in training looks fooled, a probe not.

    The decoder obeys and the images are exact, so nothing else can fail.
    """
    history = {
        "classifier_loss": [2.1, 2.25, 2.29],
        "classifier_accuracy": [0.2, 0.13, 0.11],
    }
    found = report(tmp_path).write((whole, obey), history)
    assert found.verdict == "FAILURE"
    assert found.probe.accuracy > 0.9
    assert found.looks_fooled and found.classifier_loss == 2.29
    assert found.swap.accuracy == 1.0 and found.reconstruction.error == 0.0
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "FAILURE" in text and "SUCCESS" not in text
    for words in (
        "the label is still in the code",
        "only looks fooled: its loss of 2.29 is near that of guessing, 2.30",
        "outrun one classifier",
        "critic_steps",
    ):
        assert words in text


def test_a_code_without_the_label_and_a_decoder_that_obeys_succeed(tmp_path):
    history = {"classifier_loss": [2.3]}
    found = report(tmp_path, baseline=0.1).write((nothing, obey), history)
    assert found.verdict == "SUCCESS" and found.reasons == []
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "SUCCESS" in text and "FAILURE" not in text


def test_a_decoder_that_ignores_the_label_fails(tmp_path):
    found = report(tmp_path).write((whole, lambda inputs: inputs[0]))
    assert found.verdict == "FAILURE"
    assert any("does not go by the label" in line for line in found.reasons)


def parts(probe=0.11, swap=9, ratio=1.0, own=5):
    """Findings of one attribute: chance 0.1; `swap` of ten, `own` of five."""
    return (
        kl.ProbeFindings((probe,), (0.1,), 100),
        kl.SwapFindings(
            1.0,
            [np.array([[own, swap], [swap, own]])],
            [np.array([[5, 10], [10, 5]])],
        ),
        kl.ReconstructionFindings(ratio, 1.0, (0, 1)),
    )


@pytest.mark.parametrize(
    "changed, loss, words",
    [
        ({}, 2.3, []),
        ({}, 0.1, []),  # the loss in training alone decides nothing
        ({"probe": 0.28}, 2.3, []),
        ({"probe": 0.281}, 2.3, ["still in the code", "only looks fooled"]),
        ({"probe": 0.9}, 1.0, ["still in the code", "reads it too"]),
        ({"probe": 0.9}, None, ["still in the code"]),
        ({"swap": 8}, 2.3, []),
        ({"swap": 7}, 2.3, ["does not go by the label"]),
        ({"swap": 7, "own": 3}, 2.3, ["has not learned to draw"]),
        ({"ratio": 1.5}, 2.3, []),
        ({"ratio": 1.6}, 2.3, ["1.60 times"]),
    ],
)
def test_verdict_and_reasons_by_hand(changed, loss, words):
    found = judge_fader(*parts(**changed), loss, np.log(10), kl.FaderLimits())
    assert found.verdict == ("FAILURE" if words else "SUCCESS")
    assert len(found.reasons) == len(words)
    for reason, part in zip(found.reasons, words, strict=True):
        assert part in reason


def test_one_attribute_that_is_still_read_is_enough_to_fail():
    _, swap, error = parts()
    probe = kl.ProbeFindings((0.5, 0.95), (0.5, 0.5), 100)
    found = judge_fader(probe, swap, error, None, 1.0, kl.FaderLimits())
    assert len(found.reasons) == 1 and "attribute 1" in found.reasons[0]


def test_guessing_loss_is_the_entropy_summed_over_attributes():
    table = np.array([[0, 0], [1, 0], [2, 0], [3, 1]])
    shares = np.array([0.75, 0.25])
    expected = np.log(4) - np.sum(shares * np.log(shares))
    np.testing.assert_allclose(guessing_loss(table, [5, 2]), expected)


def test_a_loss_from_nine_tenths_of_guessing_looks_fooled():
    losses = (2.08, 2.06, 9.0, float("nan"), None)
    fooled = [looks_fooled(loss, np.log(10)) for loss in losses]
    assert fooled == [True, False, True, True, False]


@pytest.mark.parametrize("name", ["readable", "swap", "error_ratio"])
def test_limits_out_of_range_are_refused(name):
    with pytest.raises(ValueError, match=f"`{name}`"):
        kl.FaderLimits(**{name: -0.1})
