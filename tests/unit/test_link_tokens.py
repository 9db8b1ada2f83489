"""Links as JSON Web Tokens: ours open, and nothing else does."""

import base64
import json
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest

from runtime.links import SignedLinks
from survey.card import Subject
from survey.errors import LinkNotValid
from survey.ports import Link, Purpose

NEW, OLD = "a key of thirty-two characters!!", "an older key, not yet withdrawn!"
BASE = "https://voxpop.example.org"
LINK = Link(
    subject=Subject(campaign_id=7, invitation_id=UUID(int=42)),
    locale="pt_BR",
    issued_at=datetime(2026, 11, 16, 10, tzinfo=UTC),
    expires_at=datetime(2026, 11, 18, 10, tzinfo=UTC),
    json=True,
)


def part(token: str, place: int) -> dict[str, Any]:
    text = token.split(".")[place]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=="))
    return found


def packed(said: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


def test_what_was_written_is_read() -> None:
    links = SignedLinks((NEW,), BASE)
    token = links.token(LINK, Purpose.ANSWER)
    assert links.read(token, Purpose.ANSWER) == LINK
    assert links.address(LINK, Purpose.ANSWER) == f"{BASE}/s/{token}"


def test_it_says_what_any_program_can_read_and_nothing_of_the_person() -> None:
    token = SignedLinks((NEW,), BASE).token(LINK, Purpose.ANSWER)
    header, claims = part(token, 0), part(token, 1)
    assert (header["alg"], header["typ"]) == ("HS256", "JWT")
    assert claims == {
        "sub": UUID(int=42).hex,
        "rnd": 7,
        "use": "s",
        "lng": "pt_BR",
        "iat": 1794823200,
        "exp": 1794823200 + 48 * 3600,
    }
    assert NEW[:8] not in token


def test_short_links_stay_as_they_are() -> None:
    links = SignedLinks((NEW,), BASE)
    token = links.token(replace(LINK, json=False), Purpose.ANSWER)
    assert len(token) < 100
    assert not links.read(token, Purpose.ANSWER).json


def test_an_older_key_is_good_for_as_long_as_it_is_named() -> None:
    before = SignedLinks((OLD,), BASE).token(LINK, Purpose.ANSWER)
    assert SignedLinks((NEW, OLD), BASE).read(before, Purpose.ANSWER) == LINK
    with pytest.raises(LinkNotValid):
        SignedLinks((NEW,), BASE).read(before, Purpose.ANSWER)


def test_the_newest_key_signs() -> None:
    token = SignedLinks((NEW, OLD), BASE).token(LINK, Purpose.ANSWER)
    assert SignedLinks((NEW,), BASE).read(token, Purpose.ANSWER) == LINK


def test_a_link_for_one_thing_opens_no_other() -> None:
    links = SignedLinks((NEW,), BASE)
    with pytest.raises(LinkNotValid):
        links.read(links.token(LINK, Purpose.UNSUBSCRIBE), Purpose.ANSWER)


def test_that_its_time_is_over_is_for_the_caller_to_see() -> None:
    links = SignedLinks((NEW,), BASE)
    old = replace(LINK, expires_at=LINK.issued_at + timedelta(hours=1))
    assert links.read(links.token(old, Purpose.ANSWER), Purpose.ANSWER) == old


def forged(**changes: object) -> str:
    """What somebody makes of a token who has no key."""
    header, claims, signature = SignedLinks((NEW,), BASE).token(LINK, Purpose.ANSWER).split(".")
    said = {**part(f"{header}.{claims}.", 1), **changes}
    return f"{header}.{packed(said)}.{signature}"


@pytest.mark.parametrize(
    "token",
    [
        forged(sub=UUID(int=43).hex),
        forged(exp=4_000_000_000),
        SignedLinks((OLD,), BASE).token(LINK, Purpose.ANSWER),
        f"{packed({'alg': 'none', 'typ': 'JWT'})}.{packed({'sub': '0', 'exp': 1})}.",
        f"{packed({'alg': 'HS256', 'kid': 7})}.{packed({})}.x",
        f"{packed({'alg': 'HS256', 'kid': ['a']})}.{packed({})}.x",
        f"{packed([])}.{packed([])}.x",
        "..",
        "a.b.c",
        "é.é.é",
        "x" * 10_000 + "..",
    ],
)
def test_everything_else_is_refused_alike(token: str) -> None:
    with pytest.raises(LinkNotValid):
        SignedLinks((NEW,), BASE).read(token, Purpose.ANSWER)


def test_a_signature_is_written_in_one_way() -> None:
    links = SignedLinks((NEW,), BASE)
    token = links.token(LINK, Purpose.ANSWER)
    letters = string.ascii_letters + string.digits + "-_"
    bent = {token[:-1] + letter for letter in letters} | {token + more for more in ("=", "==", "!")}
    for one in bent - {token}:
        with pytest.raises(LinkNotValid):
            links.read(one, Purpose.ANSWER)


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "no number"},
        {"sub": None},
        {"rnd": True},
        {"rnd": "7"},
        {"exp": 10**30},
        {"iat": -1},
        {"use": "u"},
    ],
)
def test_even_what_is_signed_has_to_make_sense(changes: dict[str, object]) -> None:
    links = SignedLinks((NEW,), BASE)
    token = links.token(LINK, Purpose.ANSWER)
    kid = part(token, 0)["kid"]
    tokens = links._tokens[Purpose.ANSWER]
    key = tokens._keys[kid]
    bent = jwt.encode({**part(token, 1), **changes}, key, "HS256", headers={"kid": kid})
    with pytest.raises(LinkNotValid):
        links.read(bent, Purpose.ANSWER)
