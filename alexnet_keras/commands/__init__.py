"""What the commands of the command line do.

TensorFlow is imported inside the functions: `distribution.start` silences its
start-up noise, so it comes first.
"""

from alexnet_keras.commands.asking import evaluate, predict
from alexnet_keras.commands.common import BadInput, WorkerLost
from alexnet_keras.commands.looking import convert, identify, summary
from alexnet_keras.commands.training import train

__all__ = [
    "BadInput", "WorkerLost", "convert", "evaluate", "identify", "predict",
    "summary", "train",
]  # fmt: skip
