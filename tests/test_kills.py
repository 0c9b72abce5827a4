"""kill -9 at random moments: nothing is half-written, and all is resumed.

A moment is one of the job's changes of files or batches, drawn by a seed; the
process dies there, or up to 30 ms later, in the middle of what it writes.
"""

import pathlib
import random
import signal

import pytest
from forked_jobs import ForkedJobs

KILLS = {"fit": 6, "checkpoint": 4, "lottery": 3, "export": 4, "cache": 3}
FAST = {("fit", 0), ("export", 0), ("cache", 0)}


@pytest.fixture(scope="module")
def jobs():
    with ForkedJobs("killed_jobs") as jobs:
        yield jobs


@pytest.fixture(scope="module")
def never_killed(jobs, tmp_path_factory):
    """Function job -> (result, number of moments, result of `prepare`)."""
    known = {}

    def find(job):
        if job not in known:
            folder = tmp_path_factory.mktemp(job) / "whole"
            before = prepared(jobs, job, folder)
            known[job] = (*done(jobs, job, folder), before)
        return known[job]

    return find


def prepared(jobs, job, folder):
    if job != "export":
        return [None, None]
    return result(jobs.call("prepare", folder=str(folder)))


def done(jobs, job, folder):
    return result(jobs.call("run", job=job, folder=str(folder)))


def result(answer):
    assert answer["code"] == 0, answer["error"]
    return answer["result"]


@pytest.mark.parametrize(
    "job, seed",
    [
        pytest.param(
            *(job, seed),
            id=f"{job}-{seed}",
            marks=[] if (job, seed) in FAST else pytest.mark.slow,
        )
        for job, kills in KILLS.items()
        for seed in range(kills)
    ],
)
def test_a_killed_job_leaves_whole_files_and_is_resumed_bit_for_bit(
    jobs, never_killed, tmp_path, job, seed
):
    expected, moments, before = never_killed(job)
    folder = tmp_path / "killed"
    prepared(jobs, job, folder)
    draw = random.Random(f"{job}-{seed}")
    killed = jobs.call(
        "run",
        job=job,
        folder=str(folder),
        moment=draw.randint(1, moments),
        delay=draw.choice([0.0, draw.uniform(0, 0.03)]),
    )
    assert killed["code"] == -signal.SIGKILL, killed["error"]
    assert not killed["timed_out"]
    left = result(jobs.call("look", folder=str(folder)))
    if job == "export":
        for found, old, new in zip(left, before, expected, strict=True):
            assert found in (None, old, new)
    again, _ = done(jobs, job, folder)
    assert again == expected
    if job == "cache":
        assert not list(pathlib.Path(folder).rglob("*.partial"))
