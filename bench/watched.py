"""`python -m bench.watched ARGS` runs Python with these arguments; prints its seconds by the wall and its peak memory in MB.

In between stands this small process, since a child's peak begins with the memory of whoever forked it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

if __name__ == "__main__":
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    print(time.perf_counter() - started, usage.ru_maxrss * 1024 / 1e6)
    sys.exit(os.waitstatus_to_exitcode(status))
