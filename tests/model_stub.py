"""A language model on this machine that speaks as OpenAI's does, and says what it is told to."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class ModelStub:
    """What it says, and what it was asked.

    Attributes:
        address: Of its server, as `VOXPOP_LLM__BASE_URL` wants it.
        says: The words of its answer.
        status: Of its answer.
        seconds: How long it takes.
        asked: What it was sent, as JSON.
        keys: With which `Authorization`.
    """

    address: str = ""
    says: str = ""
    status: int = 200
    seconds: float = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    @property
    def heard(self) -> list[str]:
        """The words that it was sent."""
        return [one["messages"][0]["content"] for one in self.asked]


@contextmanager
def model_stub() -> Iterator[ModelStub]:
    """It runs."""
    stub = ModelStub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stub.asked.append(asked)
            stub.keys.append(self.headers["Authorization"])
            time.sleep(stub.seconds)
            message = {"role": "assistant", "content": stub.says}
            answer = json.dumps(
                {
                    "id": "1",
                    "object": "chat.completion",
                    "created": 1,
                    "model": asked["model"],
                    "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                }
            ).encode()
            self.send_response(stub.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            with suppress(OSError):  # whoever asked has gone
                self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stub.address = f"http://127.0.0.1:{server.server_port}/v1"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
