"""Runs the command line as `python -m ringback_client.cli`."""

import sys

from ringback_client.cli import main

if __name__ == "__main__":
    sys.exit(main())
