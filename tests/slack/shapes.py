"""How one says which fields an object may have, and of what length."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Check = Callable[[Any, str], Iterator[str]]


@dataclass(frozen=True)
class Required:
    """A field that has to be there."""

    check: Check


def required(check: Check) -> Required:
    return Required(check)


def optional(_value: Any, _at: str) -> Iterator[str]:
    """Anything, or nothing."""
    return iter(())


class Shape:
    """The fields of an object, beside its `type`; no others are allowed."""

    def __init__(self, **fields: Check | Required) -> None:
        self._fields = fields

    def check(self, value: Mapping[str, Any], at: str) -> Iterator[str]:
        """What is wrong with it."""
        for name in value.keys() - self._fields.keys() - {"type"}:
            yield f"invalid additional property: {name} [json-pointer:{at}]"
        for name, rule in self._fields.items():
            given = value.get(name)
            if given is None:
                if isinstance(rule, Required):
                    yield f"missing required field: {name} [json-pointer:{at}]"
                continue
            check = rule.check if isinstance(rule, Required) else rule
            yield from check(given, f"{at}/{name}")

    def __call__(self, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"must be an object [json-pointer:{at}]"
            return
        yield from self.check(value, at)


def words(most: int, *, empty: bool = False) -> Check:
    """A string of so many characters at most."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"must be a string [json-pointer:{at}]"
        elif len(value) > most:
            yield f"must be less than {most + 1} characters [json-pointer:{at}]"
        elif not value and not empty:
            yield f"must be more than 0 characters [json-pointer:{at}]"

    return check


def text(most: int, *, plain: bool = False) -> Check:
    """A text object; `plain` where Slack takes no markup."""
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict) or value.get("type") not in kinds:
            told = value.get("type") if isinstance(value, dict) else value
            yield f"unsupported type: {told} [json-pointer:{at}/type]"
            return
        markup = {"verbatim": optional} if value["type"] == "mrkdwn" else {"emoji": optional}
        yield from Shape(text=required(words(most)), **markup).check(value, at)

    return check


def items(most: int | None, check_one: Check, *, least: int = 1) -> Check:
    """A list of so many at most."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"must be an array [json-pointer:{at}]"
            return
        if most is not None and len(value) > most:
            yield f"no more than {most} items allowed [json-pointer:{at}]"
        if len(value) < least:
            yield f"must contain at least {least} items [json-pointer:{at}]"
        for number, one in enumerate(value):
            yield from check_one(one, f"{at}/{number}")

    return check
