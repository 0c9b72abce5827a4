"""Functions run in forked processes of one that has imported what they need.

A job may be killed or crash: it is a process of its own, which takes a tenth
of a second to start instead of the seconds that TensorFlow takes.
"""

import json
import os
import subprocess
import sys
import threading
import traceback


class ForkedJobs:
    """Calls the functions of a module in forked processes; a context manager.

    Args:
        module: str, name of a module of these helpers that calls `serve`.
        timeout: seconds that a job may take.
    """

    def __init__(self, module, timeout=240):
        self.module, self.timeout = module, timeout

    def __enter__(self):
        helpers = os.path.dirname(__file__)
        repository = os.path.dirname(os.path.dirname(helpers))
        self._process = subprocess.Popen(
            [sys.executable, os.path.join(helpers, f"{self.module}.py")],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([helpers, repository]),
                "CUDA_VISIBLE_DEVICES": "",
                "OMP_NUM_THREADS": "1",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()

    def call(self, function, **arguments):
        """Runs a function of the module in a new process.

        Returns:
            dict: `code`, the exit code, negative if killed by a signal;
            `result`, what the function returned, or None; `error`, the
            traceback of an exception, or None; `timed_out`, bool.
        """
        request = {"function": function, "arguments": arguments}
        request["timeout"] = self.timeout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"{self.module} ended: {self._process.wait()}"
        return json.loads(answer)


def serve(functions):
    """Answers requests on standard input until it ends.

    Args:
        functions: dict, name -> function of plain keyword arguments that
            returns a plain value.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            code = _work(functions, request, writer)
            os._exit(code)
        os.close(writer)
        answers.write(json.dumps(_watch(child, reader, request)) + "\n")
        answers.flush()


def _work(functions, request, writer):
    """In the child: what the function gives goes into the pipe."""
    found = {"result": None, "error": None}
    try:
        function = functions[request["function"]]
        found["result"] = function(**request["arguments"])
    except BaseException:
        found["error"] = traceback.format_exc()
    with os.fdopen(writer, "w") as file:
        json.dump(found, file)
    return int(found["error"] is not None)


def _watch(child, reader, request):
    timer = threading.Timer(request["timeout"], os.kill, (child, 9))
    timer.start()
    with os.fdopen(reader) as file:
        content = file.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    timed_out = not timer.is_alive()
    timer.cancel()
    found = json.loads(content or '{"result": null, "error": null}')
    return {**found, "code": code, "timed_out": timed_out}
