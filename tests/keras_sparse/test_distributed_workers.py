"""Two worker processes on 127.0.0.1 train as one, and survive a kill."""

import keras
import numpy as np
import pytest
from distributed_worker import results, run_workers, train

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.distribute"
)
SHORT = {
    "strategy": "multiworker",
    "steps": 10,
    "epochs": 4,
    "update_every": 4,
    "backup_every": 7,
    "whole": False,
}
LONG = {
    **SHORT,
    "steps": 50,
    "update_every": 9,
    "backup_every": 30,
    "whole": True,
}
ALONE = {"name": "alone", "kill": None}
UNBROKEN = {"name": "unbroken", "kill": None}
RESUMED = {"name": "broken", "kill": None}


@pytest.mark.parametrize(
    "case, killed, updates",
    [
        pytest.param(SHORT, [1, 25], 9, id="other-worker"),
        pytest.param(
            LONG, [1, 125], 20, id="other-worker-long", marks=pytest.mark.slow
        ),
        pytest.param(
            LONG, [0, 130], 20, id="chief-long", marks=pytest.mark.slow
        ),
    ],
)
def test_workers_agree_and_resume_from_a_kill_with_the_same_hashes(
    tmp_path, case, killed, updates
):
    case = {**case, "folder": str(tmp_path)}
    broken = {"name": "broken", "kill": killed}
    ended = run_workers({**case, "trainings": [UNBROKEN, broken]})
    codes = [code for code, _ in ended]
    assert codes[killed[0]] == -9 and codes[1 - killed[0]] == 1, ended
    assert "Another worker does not answer" in ended[1 - killed[0]][1]
    first, second = (found["unbroken"] for found in results(case))
    assert first["chief"] and not second["chief"]
    assert {**first, "chief": False} == second
    assert first["updates"] >= updates
    assert first["masks"] and first["history"]["loss"][-1] < 1

    ended = run_workers({**case, "trainings": [RESUMED]})
    assert [code for code, _ in ended] == [0, 0], ended
    for found in results(case):
        for name in ("weights", "masks", "updates", "statistics"):
            assert found["broken"][name] == first[name], name
        for name, values in first["history"].items():
            resumed = found["broken"]["history"][name]
            np.testing.assert_allclose(resumed, values, rtol=1e-6)
    names = {path.name for path in (tmp_path / "broken").iterdir()}
    models = {f"0-{epoch}.keras" for epoch in (1, 2, 3, 4)}
    assert names == models | {"training_state.npz"}  # of the chief alone

    if not case["whole"]:  # each replica normalizes its own examples
        alone = train({**case, "strategy": "none"}, ALONE)
        assert alone["masks"] == first["masks"]
        np.testing.assert_allclose(
            alone["history"]["loss"], first["history"]["loss"], rtol=1e-5
        )
