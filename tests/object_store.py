"""A small object store that speaks S3's way: what is put there, what is fetched, and its faults."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.small_server import Answering, serving


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

    class Bucket(Answering):
        def take(self, method: str, content: bytes) -> None:
            store.asked.append((method, self.path))
            if store.refusals:
                store.refusals -= 1
                self.answer(403, b"<Error><Code>AccessDenied</Code></Error>")
            elif method == "PUT":
                store.objects[self.path] = content
                self.answer(200, ETag='"1"')
            else:
                self._remove(re.findall(r"<Key>(.*?)</Key>", content.decode()))

        def _remove(self, names: list[str]) -> None:
            """Several are removed at once: `?delete` with their names in XML."""
            bucket = self.path.partition("?")[0]
            for name in names:
                store.objects.pop(f"{bucket}/{name}", None)
            told = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
            self.answer(200, f"<DeleteResult>{told}</DeleteResult>".encode())

    with serving(Bucket) as store.address:
        yield store
