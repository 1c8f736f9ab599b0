"""The real server in a process of its own, over a folder of its own; and how much memory a process has."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from octcore.store import Store
from ui.cookie import token_for

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 120.0
"""Seconds within which it must come up."""


@dataclass(frozen=True)
class Server:
    """``started``: `time.perf_counter` when the process was begun."""

    port: int
    pid: int
    started: float


def cookies(home: Path, people: int) -> list[str]:
    """Accounts in that data folder, and the sign-in cookie of each as a browser keeps it."""
    store = Store(home)
    for k in range(people):
        store.create_user(f"person{k}", f"person{k}", f"person{k}@example.org", "nobody signs in with a password here")
    return [token_for(user, store) for user in store.users()]


@contextmanager
def served(home: Path) -> Iterator[Server]:
    """Serve on a free port until the block ends. Raises RuntimeError with the log where it does not come up."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = home.parent / f"server-{port}.log"
    command = [sys.executable, "-m", "streamlit", "run", "Home.py", "--server.address=127.0.0.1", f"--server.port={port}"]
    with open(log, "wb") as out:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "OCT_STUDIO_HOME": str(home)}, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5):
                    break
            except OSError:
                if process.poll() is not None or time.perf_counter() - started > PATIENCE:
                    raise RuntimeError(log.read_text()[-2000:]) from None
                time.sleep(0.02)
        yield Server(port, process.pid, started)
    except Exception as error:
        error.add_note(log.read_text()[-3000:])
        raise
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def resident_mb(pid: int) -> float:
    """The memory of a process that is in the machine's, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6
