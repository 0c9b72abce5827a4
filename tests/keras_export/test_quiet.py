"""quiet() holds back Python's and C++'s output, and gives it back on error."""

import io
import logging
import os
import sys
import threading

import pytest
import tensorflow as tf

from keras_export.quiet import quiet


def speak():
    sys.stdout.write("from print\n")
    sys.stderr.write("from stderr\n")
    os.write(1, b"from descriptor 1\n")
    os.write(2, b"from descriptor 2\n")
    tf.get_logger().warning("from the tensorflow logger")
    logging.getLogger("absl").warning("from the absl logger")


@pytest.mark.parametrize("capture", ["capfd", "capsys"])
def test_nothing_is_shown_and_output_works_again(capture, request):
    captured = request.getfixturevalue(capture)
    with quiet():
        speak()
    sys.stdout.write("after\n")
    assert captured.readouterr() == ("after\n", "")


def test_everything_is_shown_on_error(capfd):
    with pytest.raises(RuntimeError), quiet():
        speak()
        raise RuntimeError
    out, err = capfd.readouterr()
    assert out == ""
    for source in ("print", "stderr", "descriptor 1", "descriptor 2"):
        assert f"from {source}\n" in err


def test_streams_without_a_descriptor(monkeypatch):
    for stream in (io.StringIO(), None):
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        with quiet():
            sys.stdout.write("hidden")
        assert stream is None or stream.getvalue() == ""
        with pytest.raises(RuntimeError), quiet():
            sys.stdout.write("shown\n")
            raise RuntimeError
        assert stream is None or stream.getvalue() == "shown\n"


def test_log_levels_come_back():
    loggers = [tf.get_logger(), logging.getLogger("absl")]
    before = [logger.level for logger in loggers]
    with quiet():
        pass
    assert [logger.level for logger in loggers] == before


def outlets():
    return sys.stdout, sys.stderr, os.fstat(1).st_ino, os.fstat(2).st_ino


def test_threads_leave_everything_as_it_was(capfd):
    inside, both, left = (threading.Event() for _ in range(3))

    def first():
        with quiet():
            inside.set()
            both.wait(0.2)
        left.set()

    def second():
        inside.wait()
        with quiet():
            both.set()
            left.wait(0.2)

    before = outlets()
    threads = [threading.Thread(target=run) for run in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outlets() == before


def test_blocks_may_be_nested(capfd):
    with quiet():
        with quiet():
            speak()
        speak()
    sys.stdout.write("after\n")
    assert capfd.readouterr() == ("after\n", "")


def test_no_handler_keeps_a_closed_stream(monkeypatch, capfd):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    with quiet():
        logging.warning("this gives the root logger a handler")
        assert len(root.handlers) == 1
        logging.getLogger("absl").addHandler(logging.StreamHandler())
    assert root.handlers == []
    for logger in (root, logging.getLogger("absl")):
        logger.error("still heard")
    assert "Logging error" not in capfd.readouterr().err
