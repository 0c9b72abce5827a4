"""Entry point of the command `keras-sparse`.

TensorFlow writes start-up messages from C++ when it is imported, which no
variable turns off. They are held back here, before the first import, and
shown only if the import fails. A module of its own, because importing a
module inside `keras_sparse` would import TensorFlow first.
"""

import os
import sys
import tempfile


def main():
    """Imports the command line quietly and runs it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryFile() as log:
        saved = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            from keras_sparse.cli import run
        except BaseException:
            log.seek(0)
            os.write(saved, log.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
    sys.exit(run())
