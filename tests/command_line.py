"""`voxpop` on the command line: as processes of their own, or quicker, in this one."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import structlog
from typer.testing import CliRunner

from runtime.cli.app import app
from tests.started import Started


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    said: str

    @property
    def json(self) -> Any:
        """What a program reads."""
        return json.loads(self.out)


Voxpop = Callable[..., Ended]
"""Runs a command."""


@contextmanager
def in_this_process() -> Iterator[Voxpop]:
    """Commands that leave no trace in this process's log."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def run(*command: str) -> Ended:
        ended = CliRunner().invoke(app, command)
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            return Ended(1, ended.stdout, str(ended.exception))
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def run_in(folder: Path, *command: str, **environ: str) -> tuple[int, bytes, str]:
    """A process of its own, to its end: its exit code, its output, and what else it said."""
    clean = {name: value for name, value in os.environ.items() if "VOXPOP" not in name}
    with TemporaryFile() as out, TemporaryFile() as err:
        process = Started(command, folder=folder, environ={**clean, **environ}, out=out, err=err)
        try:
            code = process.wait(60)
        finally:
            process.kill()
        out.seek(0)
        err.seek(0)
        said = err.read().decode()
        assert "Traceback" not in said, said
        return code, out.read(), said


class Office:
    """A folder with a database and an administrator in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        assert self.voxpop("db", "upgrade").code == 0

    def write(self, name: str, text: str, codec: str = "utf-8") -> str:
        (self.folder / name).write_bytes(text.encode(codec))
        return name

    def voxpop(self, *command: str, **environ: str) -> Ended:
        code, out, said = run_in(self.folder, *command, **environ)
        return Ended(code, out.decode(), said)

    def people(self, *command: str) -> Ended:
        return self.voxpop("people", *command)
