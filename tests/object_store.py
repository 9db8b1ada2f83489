"""A small object store that speaks S3's way: what is put there, what is fetched, and its faults."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class ObjectStore:
    """A bucket on this machine.

    Attributes:
        address: Of its server.
        objects: Path → what it holds.
        refusals: How many requests are refused before one is taken.
        asked: The requests: method and path.
    """

    address: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    refusals: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        """How programs find it."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "its-key",
            "AWS_SECRET_ACCESS_KEY": "its-secret-that-nobody-may-see",
            "AWS_REGION": "eu-central-1",
        }


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """It runs."""
    store = ObjectStore()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self._taken():
                store.objects[self.path] = content
                self._answer(200)

        def do_POST(self) -> None:
            """Several are removed at once: `?delete` with their names in XML."""
            content = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            bucket = self.path.partition("?")[0]
            if self._taken():
                names = re.findall(r"<Key>(.*?)</Key>", content)
                for name in names:
                    store.objects.pop(f"{bucket}/{name}", None)
                told = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
                self._answer(200, f"<DeleteResult>{told}</DeleteResult>".encode())

        def _taken(self) -> bool:
            store.asked.append((self.command, self.path))
            if store.refusals:
                store.refusals -= 1
                self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
                return False
            return True

        def _answer(self, status: int, content: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    store.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
