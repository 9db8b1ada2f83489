"""A peer in a process of its own, as whoever scripts it sees it."""

import json
import os
import urllib.request
from typing import Any, Self

from tests.started import forked_module


class RunningPeer:
    """A server that outlives whoever talks to it, until the block ends.

    Attributes:
        told: The line it said where it listens with.
        pid: The process.
        url: Where that is; the class that knows how to read the line sets it.
    """

    url: str

    def __init__(self, *command: str) -> None:
        ours, theirs = os.pipe()
        with open(ours, "rb") as reader, open(theirs, "wb") as writer:  # noqa: PTH123 - a pipe
            self.process = forked_module(command, writer)
            assert self.process.pid is not None
            self.pid = self.process.pid
            writer.close()  # who ends without a word has said so
            self.told = reader.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.join()

    def ask(self, verb: str, path: str, body: Any = None) -> Any:
        """Its answer to one request."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(  # noqa: S310 - our own peer
            self.url + path, data=data, headers=headers, method=verb
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)
