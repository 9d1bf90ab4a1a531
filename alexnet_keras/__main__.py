"""The command line, as `python -m alexnet_keras`; see `commands`."""

import sys

from alexnet_keras.commands import main

if __name__ == "__main__":
    sys.exit(main())
