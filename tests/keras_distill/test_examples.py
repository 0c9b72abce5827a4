"""The examples run to their end, and say what they should."""

import pathlib
import re

import pytest
from example_runs import numbers, run

ROOT = pathlib.Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"


def data(path):
    """A path of real data; skips where it is not there."""
    found = DATA / path
    if not found.exists():
        pytest.skip(f"no ../shared/data/{path}")
    return str(found)


def test_click_log_learns_to_rank_clicks():
    text = run("click_log", "--quick")
    teacher, alone, taught = numbers(r"AUC (0\.\d+)", text)
    # Clicks follow six kinds of people at rates from 0.02 to 0.7.
    assert min(teacher, alone, taught) > 0.65
    assert "on 800 lines" in text


@pytest.mark.slow
def test_sparse_student_is_sparse_accurate_and_exported(tmp_path):
    text = run("sparse_student", "--quick", "--output", str(tmp_path))
    accuracy = numbers(r"accuracy (0\.\d+)", text)
    assert min(accuracy) > 0.9
    live, size = re.findall(r"([\d,]+) of ([\d,]+) weights", text)[1]
    live, size = (int(count.replace(",", "")) for count in (live, size))
    assert 0.09 < live / size < 0.11
    differences = numbers(r"at most (\S+)", text)
    assert len(differences) == 3 and max(differences) < 1e-5
    files = [tmp_path / f"{name}.tflite" for name in ("student", "teacher")]
    assert files[0].stat().st_size < 0.2 * files[1].stat().st_size


@pytest.mark.slow
def test_click_log_reads_the_real_format():
    path = data("tabular/criteo_train_1k.tsv")
    text = run("click_log", "--quick", "--data", path)
    assert "on 200 lines" in text
    teacher, _, _ = numbers(r"AUC (0\.\d+)", text)
    assert teacher > 0.55  # 800 lines teach, 200 test: little above chance


@pytest.mark.slow
def test_subclass_mnist_reports_and_exports(tmp_path):
    text = run("subclass_mnist", "--quick", "--output", str(tmp_path))
    teacher, student = numbers(r": (0\.\d+) of the classes", text)
    assert teacher > 0.9 and student > 0.85
    assert min(numbers(r"for (0\.\d+) of", text)) > 0.3
    assert max(numbers(r"at most (\S+)", text)) < 1e-5
    assert (tmp_path / "student" / "report.html").exists()
    assert (tmp_path / "student.tflite").exists()


@pytest.mark.slow
def test_subclass_cifar10_runs_and_reports(tmp_path):
    folder = data("tfds/cifar10")
    arguments = ("--data-dir", str(pathlib.Path(folder).parent))
    text = run(
        "subclass_cifar10", "--quick", *arguments, "--output", str(tmp_path)
    )
    assert len(numbers(r": (0\.\d+) of the classes", text)) == 2
    assert (tmp_path / "images.png").exists()
    assert "automobile" in (tmp_path / "report.html").read_text("utf-8")
