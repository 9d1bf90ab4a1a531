"""What the commands of the command line do.

TensorFlow is imported inside the functions: `distribution.start` silences its
start-up noise, so it comes first.
"""

from alexnet_keras.commands.line import main

__all__ = ["main"]
