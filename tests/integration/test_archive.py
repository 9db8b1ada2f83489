"""Answers about visits reach the archive, whatever happens on the way."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from runtime.archive import ObjectArchive
from runtime.insights import insights_of, looking
from runtime.serving import create_server_app
from runtime.visits import trigger_of, visits_of
from storage.tables import archived, customers, insights, invitations, occasions
from survey.card import Subject
from survey.comment import Comment
from survey.errors import NotFound, OnlyIdentified
from survey.insights import Sentiment
from survey.ports import ArchiveUnavailable, Press, Role
from survey.usecases.look_into_answers import LookIntoAnswers
from survey.usecases.show_feedback import ShowFeedback
from survey.visits import Capture
from tests.model_stub import model_stub
from tests.object_store import object_store
from tests.world import World

TOML = """
timezone = "Europe/London"
[surveys.visits]
after = "visits"
subject = "our service"
[branches.soho]
name = "Soho"
"""


class DiedError(BaseException):
    """The process is no more."""


class FlakyArchive:
    """An archive that refuses as often as it is told to; what it takes it keeps."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.refuses = 0
        self.dies = False

    async def put(self, name: str, content: bytes) -> str:
        if self.refuses:
            self.refuses -= 1
            raise ArchiveUnavailable("It is full.")
        self.files[name] = content
        if self.dies:
            raise DiedError  # after it was written, before that is noted
        return f"archive/{name}"

    async def remove(self, path: str) -> None:
        if self.refuses:
            self.refuses -= 1
            raise ArchiveUnavailable("It is read-only.")
        self.files.pop(path.removeprefix("archive/"), None)


@dataclass(frozen=True)
class Shop:
    """A product whose customers are asked about their visits."""

    world: World
    archive: FlakyArchive

    @property
    def look(self) -> LookIntoAnswers:
        return replace(looking(self.world.product), archive=self.archive)

    async def visited(self, name: str = "Maya") -> tuple[int, Press]:
        """Somebody was there, agreed, and was asked."""
        product = self.world.product
        survey = product.settings.surveys["visits"]
        kept = await visits_of(product).capture(
            Capture(
                name=f"{name} Lind",
                email=f"{name.lower()}@example.com",
                mobile=None,
                email_consent=True,
                purpose="Repair",
                branch_id="soho",
                branch_name="Soho",
                staff_name="Sam Reed",
            ),
            survey="visits",
            at=self.world.clock(),
        )
        await trigger_of(product, survey)(kept.id)
        (row,) = await self.world.rows(
            select(invitations.c.id, invitations.c.campaign_id)
            .join(customers, customers.c.invitation_id == invitations.c.id)
            .where(customers.c.id == kept.id)
        )
        subject = Subject(campaign_id=row.campaign_id, invitation_id=row.id)
        return kept.id, Press(subject=subject, by=None, at=self.world.clock())

    async def answers(self, press: Press, stars: int, words: str = "") -> None:
        answers = self.world.product.answers
        await answers.record(press, stars)
        if words:
            await answers.comment(press, Comment(words))

    @property
    def kept(self) -> list[dict[str, Any]]:
        return [json.loads(content) for content in self.archive.files.values()]


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    world = World(
        database_url,
        folder=tmp_path,
        toml=TOML,
        environ={"VOXPOP_ARCHIVE_URL": (tmp_path / "archive").as_uri()},
    )
    yield Shop(world, FlakyArchive())
    await world.close()


async def test_each_answer_is_written_once(shop: Shop) -> None:
    number, press = await shop.visited()
    _, other = await shop.visited("Jo")
    await shop.answers(press, 4, "Quick, and kind.")
    await shop.answers(other, 1)
    assert await shop.look() == []
    assert await shop.look() == []
    assert sorted(one["star_rating"] for one in shop.kept) == [1, 4]
    (name,) = [name for name in shop.archive.files if name.startswith(f"feedback_{number}_")]
    assert json.loads(shop.archive.files[name])["textual_feedback"] == "Quick, and kind."
    assert not any("Maya" in str(one) or "example.com" in str(one) for one in shop.kept)
    found = await insights_of(shop.world.product).about(number)
    assert found is not None
    assert found.looked is not None
    assert found.looked.path == f"archive/{name}"
    assert found.looked.insight.summary == "Quick, and kind."


async def test_who_has_not_answered_is_not_in_the_archive(shop: Shop) -> None:
    await shop.visited()
    await shop.look()
    assert shop.archive.files == {}


async def test_words_that_come_later_are_written_into_the_same_file(shop: Shop) -> None:
    _, press = await shop.visited()
    await shop.answers(press, 4)
    await shop.look()
    assert [one["textual_feedback"] for one in shop.kept] == [None]
    await shop.world.product.answers.comment(press, Comment("Quick."))
    await shop.look()
    await shop.world.product.answers.comment(press, Comment("Quack."))
    await shop.look()
    assert [one["textual_feedback"] for one in shop.kept] == ["Quack."]


async def test_an_archive_that_refuses_gets_all_of_it_in_the_end(shop: Shop) -> None:
    for name in ("Maya", "Jo", "Ali"):
        _, press = await shop.visited(name)
        await shop.answers(press, 5)
    shop.archive.refuses = 5
    assert await shop.look() == ["It is full."] * 3
    assert await insights_of(shop.world.product).waiting() == 3
    assert await shop.look() == []  # not before its time
    for _ in range(3):
        shop.world.clock.forward(minutes=2)
        await shop.look()
    assert len(shop.kept) == 3
    assert await insights_of(shop.world.product).waiting() == 0


async def test_who_dies_after_writing_writes_the_same_file_again(shop: Shop) -> None:
    _, press = await shop.visited()
    await shop.answers(press, 5)
    shop.archive.dies = True
    with pytest.raises(DiedError):
        await shop.look()
    shop.archive.dies = False
    shop.world.clock.forward(minutes=3)
    again = replace(shop, world=shop.world.restarted())
    await again.look()
    assert len(shop.kept) == 1
    (row,) = await shop.world.rows(select(archived))
    assert row.written_at is not None
    await again.world.product.let_go()


async def test_two_who_look_at_once_write_each_answer_once(shop: Shop) -> None:
    for name in ("Maya", "Jo", "Ali", "Eve"):
        _, press = await shop.visited(name)
        await shop.answers(press, 5)
    other = shop.world.restarted()
    put = []

    class Counting(FlakyArchive):
        async def put(self, name: str, content: bytes) -> str:
            put.append(name)
            return await super().put(name, content)

    counting = Counting()
    looks = [
        replace(looking(product), archive=counting)
        for product in (shop.world.product, other.product)
    ]
    await asyncio.gather(*(look() for look in looks))
    assert sorted(put) == sorted(set(put))
    assert len(counting.files) == 4
    await other.product.let_go()


async def test_who_is_forgotten_is_forgotten_by_the_archive(shop: Shop) -> None:
    _, press = await shop.visited()
    await shop.answers(press, 2, "My name is Maya.")
    await shop.look()
    product = shop.world.product
    person = await product.people.by_email("maya@example.com")
    assert person is not None
    shop.archive.refuses = 1
    await product.rights.forget(person, at=shop.world.clock())
    assert await shop.look() == ["It is read-only."]
    shop.world.clock.forward(minutes=1)
    await shop.look()
    assert shop.archive.files == {}
    assert await shop.world.rows(select(archived)) == []
    assert await shop.world.rows(select(insights)) == []


async def test_a_folder_is_an_archive(shop: Shop, tmp_path: Path) -> None:
    _, press = await shop.visited()
    await shop.answers(press, 5, "Lovely.")
    await looking(shop.world.product)()
    (file,) = (tmp_path / "archive").iterdir()
    assert json.loads(file.read_text())["summary"] == "Lovely."
    assert (tmp_path / "archive").stat().st_mode & 0o077 == 0


async def test_a_bucket_is_an_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    with object_store() as bucket:
        for name, value in bucket.environ.items():
            monkeypatch.setenv(name, value)
        archive = ObjectArchive("s3://feedback/2026")
        path = await archive.put("feedback_1_x.json", b"{}")
        assert bucket.objects == {"/feedback/2026/feedback_1_x.json": b"{}"}
        bucket.refusals = 1
        with pytest.raises(ArchiveUnavailable, match="privileges") as refused:
            await archive.put("feedback_2_x.json", b"{}")
        assert "its-secret" not in str(refused.value)
        await archive.remove(path)
        await archive.remove(path)
        assert bucket.objects == {}
        with pytest.raises(ArchiveUnavailable, match="another archive"):
            await archive.remove("s3://elsewhere/feedback_1_x.json")


async def test_a_survey_that_promises_to_show_no_names_keeps_no_copies(
    database_url: str, tmp_path: Path
) -> None:
    toml = TOML.replace('after = "visits"', 'after = "visits"\nmode = "confidential"')
    shop = Shop(World(database_url, folder=tmp_path, toml=toml), FlakyArchive())
    number, press = await shop.visited()
    await shop.answers(press, 4)
    assert await shop.look() == []
    assert shop.archive.files == {}
    show = ShowFeedback(
        insights=insights_of(shop.world.product),
        audit=shop.world.product.audit,
        clock=shop.world.clock,
    )
    with pytest.raises(OnlyIdentified):
        await show(number, by="key till")
    await shop.world.close()


async def test_what_was_said_is_told_at_once_and_better_a_moment_later(shop: Shop) -> None:
    number, press = await shop.visited()
    product = shop.world.product
    show = ShowFeedback(insights=insights_of(product), audit=product.audit, clock=shop.world.clock)
    with pytest.raises(NotFound):
        await show(number, by="key till")
    await shop.answers(press, 4, "Quick.")
    said = await show(number, by="key till")
    assert (said.looked.insight.sentiment, said.looked.path) == (Sentiment.POSITIVE, None)
    await shop.look()
    said = await show(number, by="key till")
    assert said.looked.path is not None
    assert said.invitation.response.comment == "Quick."


async def test_programs_are_told_what_was_said_and_where_the_archive_has_it(shop: Shop) -> None:
    number, press = await shop.visited()
    product = shop.world.product
    keys = {
        role: await product.keys.make(role.value, role, at=shop.world.clock())
        for role in (Role.ADMIN, Role.INGEST)
    }
    transport = httpx.ASGITransport(create_server_app(product))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:

        async def read(role: Role) -> httpx.Response:
            headers = {"Authorization": f"Bearer {keys[role]}"}
            return await http.get(f"/api/customers/{number}/feedback", headers=headers)

        assert (await read(Role.ADMIN)).status_code == 404
        await shop.answers(press, 2, "Nobody was there.")
        await shop.look()
        told = (await read(Role.ADMIN)).json()
        assert (await read(Role.INGEST)).status_code == 403
    assert told["created_at"]
    assert {name: value for name, value in told.items() if name != "created_at"} == {
        "customer_id": number,
        "star_rating": 2,
        "textual_feedback": "Nobody was there.",
        "sentiment": "negative",
        "sentiment_source": "score",
        "summary": "Nobody was there.",
        "summary_source": "their own words",
        "archive_path": f"archive/{next(iter(shop.archive.files))}",
    }


async def test_a_language_model_writes_above_the_question_and_says_what_was_said(
    database_url: str, tmp_path: Path
) -> None:
    with model_stub() as stub:
        environ = {
            "VOXPOP_SANDBOX": "",
            "VOXPOP_EMAIL__SMTP_URL": "smtp://127.0.0.1:9",
            "VOXPOP_EMAIL__FROM": "Acme <visits@example.org>",
            "VOXPOP_LLM__BASE_URL": stub.address,
            "VOXPOP_LLM__MODEL": "small",
        }
        world = World(database_url, folder=tmp_path, toml=TOML, environ=environ)
        shop = Shop(world, FlakyArchive())
        stub.says = "Thank you, [name], for bringing it in."
        _, press = await shop.visited()
        stub.status = 500
        _, other = await shop.visited("Jo")
        stub.status = 200
        told = {
            row.email: json.loads(row.details).get("invitation")
            for row in await world.rows(
                select(customers.c.email, occasions.c.details).join(
                    occasions, occasions.c.invitation_id == customers.c.invitation_id
                )
            )
        }
        assert told == {
            "maya@example.com": "Thank you, Maya, for bringing it in.",
            "jo@example.com": None,
        }
        stub.says = '{"summary": "It took long.", "sentiment": "negative"}'
        await shop.answers(press, 4, "Well, two hours.")
        await shop.answers(other, 4)
        await shop.look()
        assert {one["summary_source"]: one["sentiment"] for one in shop.kept} == {
            "language model": "negative",
            "nothing was said": "positive",
        }
        assert not any("Maya" in words or "example.com" in words for words in stub.heard)
        await world.close()
