"""What Slack answers where it refuses."""

from typing import Any


class SlackError(Exception):
    """An answer `{"ok": false, "error": …}`, with 200 unless told.

    Attributes:
        error: Slack's own word.
        more: Further fields of the answer.
        wait: Seconds of a Retry-After, or None.
    """

    def __init__(
        self, error: str, *, status: int = 200, wait: float | None = None, **more: Any
    ) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.wait = wait
        self.more = more

    def body(self) -> dict[str, Any]:
        return {"ok": False, "error": self.error, **self.more}


def invalid(error: str, *faults: str) -> SlackError:
    """A refusal that says where: `invalid_blocks`, `invalid_arguments` and their like."""
    more: dict[str, Any] = {"errors": list(faults)} if error == "invalid_blocks" else {}
    more["response_metadata"] = {"messages": [f"[ERROR] {fault}" for fault in faults]}
    return SlackError(error, **more)


def missing(name: str) -> SlackError:
    return invalid("invalid_arguments", f"missing required field: {name}")


def rate_limited(seconds: float) -> SlackError:
    return SlackError("ratelimited", status=429, wait=seconds)
