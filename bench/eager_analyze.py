"""`python -m octcore` with every network in its own framework: the other side of `bench.command_line`."""

from __future__ import annotations

import sys

from bench.natives import in_eager
from octcore.__main__ import main

if __name__ == "__main__":
    with in_eager():
        sys.exit(main())
