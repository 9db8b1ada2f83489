"""A language model on this machine that speaks as OpenAI's does, and says what it is told to."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.small_server import Answering, serving


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

    class Model(Answering):
        def take(self, _method: str, content: bytes) -> None:
            asked = json.loads(content)
            stub.asked.append(asked)
            stub.keys.append(self.headers["Authorization"])
            time.sleep(stub.seconds)
            message = {"role": "assistant", "content": stub.says}
            answer = {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": asked["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            }
            self.answer(stub.status, json.dumps(answer).encode(), Content_Type="application/json")

    with serving(Model) as address:
        stub.address = f"{address}/v1"
        yield stub
