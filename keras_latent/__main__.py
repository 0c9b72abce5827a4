"""`python -m keras_latent`."""

import sys

from keras_latent.cli import run

if __name__ == "__main__":
    sys.exit(run())
