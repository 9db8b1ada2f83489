"""A peer in a process of its own, as whoever scripts it sees it."""

import json
import os
import subprocess
import sys
import urllib.request
from typing import Any, Self


class RunningPeer:
    """A server that outlives whoever talks to it, until the block ends.

    Attributes:
        told: The line it said where it listens with.
        url: Where that is; the class that knows how to read the line sets it.
    """

    url: str

    def __init__(self, *command: str) -> None:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        started = [sys.executable, "-m", *command]
        self.process = subprocess.Popen(started, stdout=subprocess.PIPE, env=environ)  # noqa: S603
        assert self.process.stdout is not None
        self.told = self.process.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def ask(self, verb: str, path: str, body: Any = None) -> Any:
        """Its answer to one request."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(  # noqa: S310 - our own peer
            self.url + path, data=data, headers=headers, method=verb
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)
