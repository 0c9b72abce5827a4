"""The example of a dissection runs to its end, and says what it should."""

import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.slow
def test_units_of_a_colour_are_found_and_ablated(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            ROOT / "examples" / "dissect_shapes.py",
            "--output",
            tmp_path,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    left = re.findall(r"left after 0, 1, ... units: (.*)", done.stdout)
    shares = [[int(n) for n in re.findall(r"(\d+)%", line)] for line in left]
    assert len(shares) == 3
    assert min(share[-1] for share in shares) <= 10
    assert (tmp_path / "units.html").read_text().count('class="unit"') == 16
    assert len((tmp_path / "units.csv").read_text().splitlines()) == 17
