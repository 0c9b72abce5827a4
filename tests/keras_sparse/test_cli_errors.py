"""What the command line makes of the library's errors."""

import errno

import pytest

from keras_sparse.cli_errors import UsageProblem, reading, translate, usage

TYPED = {"path": "--output", "overwrite": "--overwrite", "name": "--dataset"}


@pytest.mark.parametrize(
    "message, expected",
    [
        ("`path` must be new.", "`--output` must be new."),
        ("Received: path='a'.", "Received: --output='a'."),
        ("Received: name=1, path=2.", "Received: --dataset=1, --output=2."),
        ("Pass `overwrite=True`.", "Pass `--overwrite`."),
        ("Pass `name=3`.", "Pass `--dataset 3`."),
        ("Pass `download=True`.", "Pass `download=True`."),
        ("`size` must be 1. Received: size=2.",) * 2,
        ("The path is '/my/path'; path.",) * 2,
        ("file_path=3 `path_name` dir/path=4",) * 2,
    ],
)
def test_only_arguments_that_were_typed_are_renamed(message, expected):
    assert translate(message, TYPED) == expected


@pytest.mark.parametrize(
    "error",
    [
        ValueError("`path` must be new."),
        FileExistsError("`path` must be new."),
        PermissionError("`path` must be new."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_library_refuses_is_a_usage_problem(error):
    with pytest.raises(UsageProblem, match="`--output` must") as caught:
        with usage(TYPED):
            raise error
    assert caught.value.__cause__ is error


def test_a_failure_of_the_system_is_none():
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match="No space left") as caught:
        with usage(TYPED):
            raise full
    assert caught.value is full


def test_a_path_that_cannot_be_opened_is_named_with_the_reason(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    reasons = {
        "gone": "No such file or directory",
        ".": "Is a directory",
        "loop": "Too many levels of symbolic links",
        "n" * 300: "File name too long",
    }
    for name, reason in reasons.items():
        with pytest.raises(UsageProblem) as caught:
            with reading("MODEL", tmp_path / name, ".keras file"):
                raise AssertionError("must not be reached")
        assert str(caught.value) == (
            "`MODEL` must be a file that can be read. Received: "
            f"'{tmp_path / name}' ({reason}). Check the path."
        )


def test_a_file_of_another_kind_is_refused_and_a_damaged_one_fails(tmp_path):
    path = tmp_path / "file"
    path.write_text("something")
    with pytest.raises(UsageProblem, match="`FILES` must be a .* FILES='a'"):
        with reading("FILES", path, ".tflite file"):
            raise ValueError("`path` must be a file. Received: path='a'.")
    with pytest.raises(ValueError, match="whole .tflite file.*KeyError: 'x'"):
        with reading("FILES", path, ".tflite file"):
            raise KeyError("x")
