"""The laws of `benchmarks/soak.py`, on a shorter training."""

import importlib.util
import json
import pathlib
import subprocess
import sys

import pytest

SOAK = pathlib.Path(__file__).parents[1] / "benchmarks" / "soak.py"


@pytest.mark.parametrize(
    "steps", [1500, pytest.param(20_000, marks=pytest.mark.slow)]
)
def test_memory_traces_and_counts_stay_as_they_are(tmp_path, steps):
    output = tmp_path / "soak.json"
    options = ["--steps", steps, "--warm-up", 500, "--output", output]
    done = subprocess.run(
        [sys.executable, str(SOAK), *map(str, options)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(output.read_text())["found"]
    assert found["steps"] == steps and found["traces"] == 1
    assert found["mask_updates"] == steps // 10 - 1  # the last is still due
    assert found["counts_exact"] and found["growth"] < 0.02


def test_broken_laws_are_named():
    specification = importlib.util.spec_from_file_location("soak", SOAK)
    soak = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(soak)
    row = {
        "step": 500,
        "resident_bytes": 1000,
        "traces": 1,
        "mask_updates": 49,
        "counts_exact": True,
        "masks_moved": True,
        "weights_outside": 0,
        "loss": 1.0,
    }
    assert soak.broken(soak.findings([row], 0)) == []
    later = {**row, "step": 1000, "resident_bytes": 1030, "traces": 2}
    later |= {"counts_exact": False, "weights_outside": 3}
    assert soak.broken(soak.findings([row, later], 0)) == [
        "one trace",
        "counts exact",
        "weights outside masks are 0",
        "growth below 2%",
    ]
