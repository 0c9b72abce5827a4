"""The output folder of a run: complete, or not there."""

import contextlib
import dataclasses
import json
import pathlib
import shutil

from _keras_sparse_common.whole_files import replace_folder, save_whole

STATE = "state"
METRICS = "metrics.json"
_SETTINGS = "settings.json"


def claim(folder, settings, overwrite=False, resume=False, hopeless=()):
    """Gives a folder to work in that becomes `folder` when all went well.

    The work is done in `<folder>.unfinished`. A run that is stopped leaves
    its training state there for `resume`; nothing else stays behind, and
    `folder` is replaced at the very end only.

    Args:
        folder: path of the finished output.
        settings: dataclass; a resumed run must have the same.
        overwrite: bool, replace a finished output and, without `resume`, an
            unfinished one.
        resume: bool, go on with an unfinished one.
        hopeless: class of errors, or tuple of them, that no resuming mends:
            nothing is left of a run that they end.

    Returns:
        Context manager that gives the path of the folder to work in.

    Raises:
        ValueError: there is an output, and no `overwrite`; there is nothing
            to resume, or it had other settings.
        OSError: the folder cannot be written.
    """
    folder = pathlib.Path(folder)
    work = folder.with_name(folder.name + ".unfinished")
    _check_finished(folder, overwrite, resume)
    if resume:
        _check_resumable(work, settings)
        _clean(work, keep_state=True)  # a killed run leaves half an export
    elif work.exists():
        if not overwrite and any(work.iterdir()):
            raise ValueError(
                f"`output` must be free. Received: {str(folder)!r}, where an "
                "unfinished run lies. Go on with --resume, start anew with "
                "--overwrite, or name another."
            )
        shutil.rmtree(work)
    return _working(folder, work, settings, hopeless)


@contextlib.contextmanager
def _working(folder, work, settings, hopeless):
    work.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dataclasses.asdict(settings), indent=2)
    save_whole(text.encode(), work / _SETTINGS)
    try:
        yield work
    except BaseException as error:
        _clean(work, keep_state=not isinstance(error, hopeless))
        raise
    # Once it is in its place: killed here, it can be resumed or is finished.
    replace_folder(work, folder)
    shutil.rmtree(folder / STATE, ignore_errors=True)
    (folder / _SETTINGS).unlink()


def _check_finished(folder, overwrite, resume):
    if not folder.exists():
        return
    if resume and not overwrite:
        raise ValueError(
            "`resume` must find an unfinished run. Received: "
            f"{str(folder)!r}, which is finished. Pass --overwrite instead to "
            "train it again, or besides, where a run that was to replace it "
            "was stopped."
        )
    empty = folder.is_dir() and not any(folder.iterdir())
    ours = empty or (folder / METRICS).exists()
    if not overwrite or not ours:
        fix = "Pass --overwrite or name another."
        if not ours:
            fix = "It is not the output of a run: name another."
        raise ValueError(
            f"`output` must not exist yet. Received: {str(folder)!r}. {fix}"
        )


def _check_resumable(work, settings):
    try:
        stored = dict(json.loads((work / _SETTINGS).read_text()))
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(
            "`resume` must find an unfinished run. Received: "
            f"{str(work)!r}, which is not there. Leave out --resume."
        ) from None
    except (TypeError, ValueError):
        raise ValueError(
            "`resume` must find readable settings. Received: "
            f"{str(work / _SETTINGS)!r}. Start anew with --overwrite."
        ) from None
    now = json.loads(json.dumps(dataclasses.asdict(settings)))
    for name, value in now.items():
        # The same data may lie elsewhere by now.
        if name != "data_dir" and stored.get(name) != value:
            raise ValueError(
                f"`{name}` must be as in the run to resume, "
                f"{stored.get(name)!r}. Received: {value!r}. Pass the same "
                "options, or --overwrite instead of --resume."
            )


def _clean(work, keep_state):
    trained = keep_state and (work / STATE).exists()
    if not trained:
        shutil.rmtree(work, ignore_errors=True)
        return
    for item in work.iterdir():
        if item.name in (STATE, _SETTINGS):
            continue
        if item.is_dir():
            shutil.rmtree(item, ignore_errors=True)
        else:
            item.unlink()
