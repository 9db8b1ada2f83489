"""A page that draws what Voxpop says in Slack, about as Slack does: to look at, not to use."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse

from bot.sandbox.slack_examples import Example, examples
from bot.sealing import Place, Seal
from bot.slack import rendering
from bot.slack.home import home_of
from survey.card import Card, Dialog, Picture
from survey.errors import NotFound
from survey.home import Home
from survey.language import Language, Languages
from survey.person import Address
from survey.ports import Clock

_PAGE = Path(__file__).parent / "static" / "slack-preview.html"
_TO = Address(platform="slack", workspace="", user_id="U0EXAMPLE00")
_PLACE = Place(channel=_TO.user_id, delivery=UUID(int=1))
# Its buttons are shown to everybody here, so they must be worth nothing anywhere.
_SEAL = Seal(("a key that is used for nothing else",))


def add_slack_preview(app: FastAPI, *, languages: Languages, clock: Clock) -> None:
    """The page `/slack-preview`, and what it draws."""

    async def found() -> Mapping[str, Example]:
        today = clock().replace(hour=9, minute=0, second=0, microsecond=0)
        return await asyncio.to_thread(_examples, languages("en"), today)

    @app.get("/slack-preview")
    async def page() -> FileResponse:
        return FileResponse(_PAGE, headers={"Cache-Control": "no-cache"})

    @app.get("/api/slack-preview")
    async def shown() -> list[dict[str, Any]]:
        return [_json(name, example) for name, example in (await found()).items()]

    @app.get("/api/slack-preview/{name}.png")
    async def picture(name: str) -> Response:
        example = (await found()).get(name)
        there = None if example is None else _picture(example)
        if there is None:
            raise NotFound(f"There is no picture {name}.")
        return Response(there.png, media_type="image/png")


@lru_cache(maxsize=1)
def _examples(language: Language, now: datetime) -> Mapping[str, Example]:
    made = examples(language, now=now)
    return {"-".join(one.title.lower().rstrip("?").split()): one for one in made}


def _picture(example: Example) -> Picture | None:
    return example.shown.picture if isinstance(example.shown, Card) else None


def _json(name: str, example: Example) -> dict[str, Any]:
    picture = _picture(example)
    return {
        "name": name,
        "title": example.title,
        "payload": _payload(example),
        "image": None
        if picture is None
        else {
            "name": picture.name,
            "text": picture.text,
            "url": f"/sandbox/api/slack-preview/{name}.png",
        },
    }


def _payload(example: Example) -> Mapping[str, Any]:
    shown = example.shown
    if isinstance(shown, Dialog):
        return rendering.modal_of(shown, to=_TO, place=_PLACE, seal=_SEAL)
    if isinstance(shown, Home):
        return home_of(shown, to=_TO, seal=_SEAL)
    if example.private:
        return rendering.answer_of(shown, to=_TO, place=_PLACE, seal=_SEAL)
    return rendering.message_of(shown, to=_TO, place=_PLACE, seal=_SEAL)
