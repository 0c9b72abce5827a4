"""The comparison with other libraries: same inputs, and nobody left out."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

PEERS = pathlib.Path(__file__).parents[1] / "benchmarks" / "peers"
FILE = {
    "exporter": "its own",
    "file_accuracy": 0.9,
    "bytes": 5000,
    "gzip": 4000,
    "latency": 1.0,
}


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(PEERS)


def make_plan(**changes):
    from peer_plan import Plan

    values = {
        "dataset": "made",
        "model": "mlp",
        "image_shape": (2, 3, 1),
        "classes": 4,
        "batch_size": 5,
        "epochs": 2,
        "steps_per_epoch": 3,
        "seeds": 2,
        "sparsities": (0.5, 0.9),
        "rounds": 1,
    }
    return Plan(**{**values, **changes})


def result(sparsities):
    """What a worker gives."""
    runs = [
        {"sparsity": s, "seed": seed, "accuracy": 0.9 + seed / 50, "zeros": s}
        for s in sparsities
        for seed in range(2)
    ]
    numbers = ("peak_mb", "step_cpu_ms", "step_ratio", "step_ratio_cpu")
    return {"runs": runs, **dict.fromkeys(numbers, 1.25)}


def content():
    """A comparison of which one peer ran, one failed, one has no file."""
    from peer_processes import PEERS
    from peer_report import rows

    versions = {"tensorflow-model-optimization": "0.8.1"}
    found = [
        ("keras-tf", PEERS["keras-tf"], {}, result([0.0])),
        ("tfmot", PEERS["tfmot"], versions, {"not_run": "no [such] thing"}),
        ("rigl-tf", PEERS["rigl-tf"], {}, result([0.5, 0.9])),
    ]
    files = {"keras-tf-0": FILE, "rigl-tf-0.5": FILE}
    exports = {"reference": "keras-tf-0", "files": files}
    return {
        "plan": vars(make_plan()),
        "latency_reference": "keras-tf-0",
        "rows": rows(found, exports),
    }


def test_every_peer_reads_the_same_weights_and_batches(tmp_path):
    from peer_plan import Inputs, write

    plan = make_plan()
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (17, 2, 3, 1)) / 255
    labels = generator.integers(0, 4, 17)
    write(plan, (images, labels), (images[:2], labels[:2]), tmp_path)
    for seed in range(2):
        one, two = (list(Inputs(tmp_path).batches(seed)) for _ in range(2))
        assert len(one) == plan.steps
        for (x, y), (x_again, y_again) in zip(one, two, strict=True):
            np.testing.assert_array_equal(x, x_again)
            np.testing.assert_array_equal(y, y_again)
            assert x.shape == (5, 2, 3, 1) and x.dtype == "float32"
    x, y = next(Inputs(tmp_path).batches(0))
    for image, label in zip(x, y, strict=True):
        row = np.abs(images - image).max((1, 2, 3)).argmin()
        np.testing.assert_allclose(images[row], image, atol=1e-6)
        assert labels[row] == label
    shapes = [weight.shape for weight in Inputs(tmp_path).weights(1)]
    assert shapes[::2] == [(6, 300), (300, 100), (100, 4)]
    assert shapes[1::2] == [(300,), (100,), (4,)]


@pytest.mark.parametrize("steps", [1, 7, 30, 880, 2340])
def test_the_last_update_is_one_of_the_schedule(steps):
    plan = make_plan(epochs=1, steps_per_epoch=steps)
    first, last = plan.pruning_steps
    assert 0 <= first <= last <= steps
    assert (last - first) % plan.update_every == 0
    assert first % plan.update_every == 0


def test_the_cnn_has_the_kernels_of_two_halvings():
    plan = make_plan(model="cnn", image_shape=(28, 28, 1), classes=10)
    kernels = [(3, 3, 1, 16), (3, 3, 16, 32), (7 * 7 * 32, 128), (128, 10)]
    assert plan.kernels == kernels


@pytest.mark.parametrize(
    "stdout, stderr, code, expected",
    [
        ('noise\n{"jax": "1"}\n{"runs": []}\n', "warned", 0, {"runs": []}),
        (
            '{"jax": "1"}\n',
            "a\n  E: b\n\n",
            1,
            {"not_run": "E: b (exit code 1)"},
        ),
        ('{"jax": "1"}\n', "", -9, {"not_run": "no message (exit code -9)"}),
    ],
)
def test_a_worker_gives_results_or_a_reason(stdout, stderr, code, expected):
    from peer_processes import parse

    assert parse(code, stdout, stderr) == ({"jax": "1"}, expected)


def test_a_worker_that_says_nothing_has_not_run():
    from peer_processes import parse

    assert parse(0, "", "") == ({}, {"not_run": "no message (exit code 0)"})


def test_an_interpreter_that_is_not_there_is_a_reason(tmp_path):
    from peer_processes import start

    versions, found = start(tmp_path / "python", "peer_tfmot.py", ())
    assert not versions and "FileNotFoundError" in found["not_run"]


def test_a_peer_that_did_not_run_is_a_row_with_the_reason(tmp_path, capsys):
    from peer_plot import plot
    from peer_report import markdown, show

    made = content()
    lines = markdown(made).splitlines()
    assert len(lines) == 2 + 4
    assert "tfmot 0.8.1, magnitude | not run: no [such] thing" in lines[3]
    assert "90.00% | 91.00% (2.00)" in lines[5]
    assert "not exported: nothing was left to export" in lines[5]
    show(made)
    printed = capsys.readouterr().out
    assert "not run: no [such] thing" in printed
    assert "nothing was left to export" in printed
    plot(made, tmp_path / "peers.png")
    assert (tmp_path / "peers.png").stat().st_size > 10_000


def test_exports_that_failed_say_so_in_every_row():
    from peer_processes import PEERS
    from peer_report import rows

    found = [("rigl-tf", PEERS["rigl-tf"], {}, result([0.9]))]
    (row,) = rows(found, {"not_run": "MemoryError"})
    assert row["file"] == {"failed": "MemoryError"}


@pytest.mark.parametrize(
    "words, wrong",
    [
        (["--sparsities", "1"], "between 0 and 1"),
        (["--seeds", "0"], "at least 1"),
        (["--peers", "nobody"], "invalid choice"),
    ],
)
def test_wrong_options_are_refused(words, wrong, capsys):
    from compare import parser

    with pytest.raises(SystemExit):
        parser().parse_args(words)
    assert wrong in capsys.readouterr().err


def test_each_interpreter_of_jaxpruner_gets_rows_of_its_own():
    from compare import jobs, parser

    words = ["--peers", "jaxpruner", "tfmot", "--jaxpruner-python", "a", "b"]
    words += ["--tfmot-python", "c"]
    found = [
        (name, python) for name, _, python in jobs(parser().parse_args(words))
    ]
    assert found == [("jaxpruner", "a"), ("jaxpruner-2", "b"), ("tfmot", "c")]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_command_compares_the_peers_that_are_there(tmp_path):
    output = tmp_path / "peers.json"
    command = [sys.executable, PEERS / "compare.py", "--output", output]
    command += ["--seeds", "1", "--rounds", "1", "--sparsities", "0.9"]
    command += ["--model", "cnn"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = json.loads(output.read_text())["rows"]
    assert len(rows) == 9
    for row in rows:
        ours = row["peer"].startswith(("keras", "magnitude", "rigl"))
        if "not_run" in row:
            assert not ours and row["not_run"], row
            continue
        assert row["mean"] > 0.8, row
        assert row["zeros"] == pytest.approx(row["sparsity"], abs=2e-3)
        assert row["file"]["file_accuracy"] == pytest.approx(
            row["accuracies"][0], abs=0.01
        )
    assert output.with_suffix(".png").exists()
