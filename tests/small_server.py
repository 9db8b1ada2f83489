"""A small HTTP server in a thread, for peers that a test writes in a few lines."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Answering(BaseHTTPRequestHandler):
    """Reads and answers in one go, and says nothing."""

    protocol_version = "HTTP/1.1"

    def take(self, method: str, content: bytes) -> None:
        """What it does with a request."""
        raise NotImplementedError

    def _taken(self) -> None:
        self.take(self.command, self.rfile.read(int(self.headers.get("Content-Length", 0))))

    do_POST = do_PUT = _taken  # noqa: N815 - its base looks for these names

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        """Answer; whoever has gone meanwhile gets nothing."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(handler: type[Answering]) -> Iterator[str]:
    """It runs; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
