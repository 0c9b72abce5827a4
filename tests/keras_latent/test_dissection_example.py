"""The example of a dissection runs to its end, and says what it should."""

import re

import pytest
from example_runs import run


@pytest.mark.slow
def test_units_of_a_colour_are_found_and_ablated(tmp_path):
    text = run("dissect_shapes", "--output", str(tmp_path))
    left = re.findall(r"left after 0, 1, ... units: (.*)", text)
    shares = [[int(n) for n in re.findall(r"(\d+)%", line)] for line in left]
    assert len(shares) == 3
    assert min(share[-1] for share in shares) <= 10
    assert (tmp_path / "units.html").read_text().count('class="unit"') == 16
    assert len((tmp_path / "units.csv").read_text().splitlines()) == 17
