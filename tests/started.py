"""Processes that are forked from one that has everything loaded.

Loading Voxpop takes two seconds of a processor, and tests start it hundreds of times. What is
forked is a process like any other, with its own folder, environment, output, session and end;
only the modules are there already. What is about the start itself runs the script: `VOXPOP`.
"""

import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any

VOXPOP = Path(sys.executable).with_name("voxpop")
LOADED = [
    *("runtime.cli", "runtime.serving", "runtime.sandbox", "runtime.demo", "runtime.email"),
    *("runtime.mattermost", "runtime.slack", "runtime.doctor.mattermost", "runtime.doctor.slack"),
    *("asyncpg", "tests.peer.product", "tests.slack.server", "tests.mattermost.server", __name__),
]
# multiprocessing looks at all of its processes whenever it starts one: not at once with others.
_one_at_a_time = threading.Lock()


def forked(target: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """A process that runs this function; it begins at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    process = context.Process(target=target, args=arguments, daemon=True)
    with _one_at_a_time:
        process.start()
    return process


class Started:
    """`voxpop` in a folder, as `subprocess.Popen` would have it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environ: Mapping[str, str],
        out: IO[bytes],
        err: IO[bytes],
    ) -> None:
        streams = DupFd(out.fileno()), DupFd(err.fileno())
        self._process = forked(_be_voxpop, tuple(command), str(folder), dict(environ), *streams)
        assert self._process.pid is not None
        self.pid = self._process.pid
        self._waiting = threading.Lock()

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        with _one_at_a_time:
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended.

        Raises:
            subprocess.TimeoutExpired: It has not.
        """
        multiprocessing.connection.wait([self._process.sentinel], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("voxpop", timeout or 0)
        return code

    def send_signal(self, how: signal.Signals) -> None:
        """Nothing happens if it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, how)

    def kill(self) -> None:
        """The hard way."""
        self.send_signal(signal.SIGKILL)


def _be_voxpop(
    command: tuple[str, ...], folder: str, environ: dict[str, str], *streams: Any
) -> None:
    """What the script does, where it does it."""
    from runtime.cli import main

    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    _speak(*streams)
    sys.argv = [str(VOXPOP), *command]
    sys.exit(main())  # type: ignore[func-returns-value]  # as the script that pip makes


def forked_module(command: Sequence[str], out: IO[bytes]) -> ForkServerProcess:
    """`python -m` with these words, which writes there."""
    return forked(_be_module, tuple(command), DupFd(out.fileno()))


def _be_module(command: tuple[str, ...], stream: Any) -> None:
    _speak(stream)
    sys.argv = [*command]
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


def _speak(*streams: Any) -> None:
    """Into these instead of the parent's."""
    gc.freeze()  # what is loaded stays: looking through it would copy it
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream.detach(), number)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - as Python itself does
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
