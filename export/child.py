"""The process that runs a doubtful `.tflite` file; `isolated.py` starts it.

Answers each JSON line on standard input with one on standard output. Imports
neither TensorFlow nor this package: it starts in half a second.
"""

import json
import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def describe(path):
    """The file's signatures, and the inputs of the first one.

    Opening the file makes LiteRT check its structure, so that it may be read
    by other means afterwards.
    """
    interpreter = Interpreter(path)
    count = len(interpreter.get_signature_list())
    if count != 1:
        return {"signatures": count}
    details = interpreter.get_signature_runner().get_input_details()
    return {
        "signatures": count,
        "inputs": {
            name: [
                [int(length) for length in detail["shape_signature"]],
                np.dtype(detail["dtype"]).str,
            ]
            for name, detail in details.items()
        },
    }


def run(path, arrays, names, results, delegate, threads):
    """Runs a new interpreter on one batch of inputs, once per result.

    Args:
        path: str, the `.tflite` file.
        arrays: str, `.npz` file with the inputs.
        names: list of str, the inputs' names, in the order of `arrays`.
        results: list of str, one `.npz` file to write per run.
        delegate: bool, whether with LiteRT's default delegate, XNNPACK.
        threads: positive int.

    Returns:
        list of str, the outputs' names, in the order of `results`' arrays.
    """
    runner = _open(path, delegate, threads).get_signature_runner()
    with np.load(arrays) as stored:
        inputs = dict(zip(names, stored.values(), strict=True))
    for result in results:
        outputs = runner(**inputs)
        np.savez(result, *outputs.values())
    return list(outputs)


def operators(path):
    """What runs the file's first graph, as the default interpreter has it.

    Returns:
        dict: `operators`, a list of `[name, inputs, outputs]` with indices of
        tensors; `problem`, what stopped the interpreter, or empty.
    """
    interpreter = _open(path, delegate=True)
    try:
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        return {"operators": [], "problem": str(error)}
    return {"operators": _execution_plan(interpreter), "problem": ""}


def _execution_plan(interpreter):
    # Private in ai-edge-litert 2.3: no public name tells of delegated nodes.
    return [
        [
            detail["op_name"],
            *([int(i) for i in detail[key]] for key in ("inputs", "outputs")),
        ]
        for detail in interpreter._get_ops_details()
    ]


def _open(path, delegate, threads=1):
    kind = "AUTO" if delegate else "BUILTIN_WITHOUT_DEFAULT_DELEGATES"
    return Interpreter(
        path,
        num_threads=threads,
        experimental_op_resolver_type=OpResolverType[kind],
    )


def _answer(line):
    request = json.loads(line)
    command = COMMANDS[request["command"]]
    try:
        return {"result": command(**request["arguments"])}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


COMMANDS = {"describe": describe, "operators": operators, "run": run}


def bound_memory():
    """Refuses more memory than the machine has: a damaged size may ask it."""
    if os.name == "nt":
        return
    import resource

    most = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def main():
    """Serves until standard input ends."""
    bound_memory()
    # LiteRT's own messages must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(_answer(line)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
