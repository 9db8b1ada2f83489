"""How a server written in Go reads and writes JSON and base64, and what it says of bad ones."""

import base64
import json
import string
from typing import Any

ALPHABET = frozenset(string.ascii_letters + string.digits + "+/")
LARGEST_EXACT = 2**53


class IllegalBase64(ValueError):
    """What Go says of it."""


def compact(value: Any) -> str:
    """JSON as `encoding/json` writes it: no blanks, and nothing that could end a script tag."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def generic(value: Any) -> Any:
    """What is left of JSON that went through a `map[string]interface{}`.

    Keys are sorted, and every number is a float64: beyond 2^53 the last digits are gone.
    """
    if isinstance(value, dict):
        return {key: generic(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [generic(entry) for entry in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_EXACT:
        return int(float(value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return value


def decode_base64(text: str) -> bytes:
    """What `base64.StdEncoding` makes of it.

    Raises:
        IllegalBase64: It is none; names the byte where Go gives up.
    """
    at = _illegal_at(text)
    if at is not None:
        raise IllegalBase64(f"illegal base64 data at input byte {at}")
    return base64.b64decode(text.replace("\r", "").replace("\n", ""))


def _illegal_at(text: str) -> int | None:
    at = 0
    while True:
        quantum = 0
        while quantum < 4:
            if at == len(text):
                return None if quantum == 0 else at - quantum
            sign = text[at]
            at += 1
            if sign in ALPHABET:
                quantum += 1
            elif sign == "=":
                return _padding_illegal_at(text, at, quantum)
            elif sign not in "\r\n":
                return at - 1


def _padding_illegal_at(text: str, at: int, quantum: int) -> int | None:
    if quantum < 2:
        return at - 1
    if quantum == 2:
        if at == len(text):
            return at
        if text[at] != "=":
            return at - 1
        at += 1
    rest = text[at:].lstrip("\r\n")
    return len(text) - len(rest) if rest else None


def json_complaint(body: str, into: str) -> str | None:
    """What `json.Unmarshal` says of a body that should be an object of this type; None: nothing."""
    try:
        value = json.loads(body)
    except ValueError as error:
        at = error.pos if isinstance(error, json.JSONDecodeError) else 0
        if not body[at:].strip():
            return "unexpected end of JSON input"
        sign = body[at:].lstrip()[0]
        return f"invalid character '{sign}' looking for beginning of value"
    kind = {list: "array", str: "string", bool: "bool", int: "number", float: "number"}
    if value is None or isinstance(value, dict):
        return None
    return f"json: cannot unmarshal {kind[type(value)]} into Go value of type {into}"
