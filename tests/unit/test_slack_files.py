"""A picture or a file beside a message that Slack has."""

from collections.abc import Mapping
from typing import Any, cast

from bot.slack.files import upload
from bot.slack.workspaces import Workspaces
from survey.card import Attachment, Card
from survey.messenger import PlatformRefuses

FILE = Card(
    headline="Here.", attachment=Attachment(name="a.csv", media_type="text/csv", content=b"a")
)


class Forgotten:
    """Workspaces that have removed us since the message was posted."""

    def __init__(self) -> None:
        self.api = self
        self.asked = 0

    async def token(self, _workspace: str) -> str:
        self.asked += 1
        raise PlatformRefuses("not installed any more")

    async def call(self, method: str, **_: Any) -> Mapping[str, Any]:
        raise AssertionError(method)


async def test_a_message_counts_though_the_token_for_its_file_is_gone() -> None:
    forgotten = Forgotten()
    assert not await upload(cast("Workspaces", forgotten), "T1", FILE, channel="D1")
    assert forgotten.asked == 1


async def test_words_alone_need_no_token() -> None:
    forgotten = Forgotten()
    assert await upload(cast("Workspaces", forgotten), "T1", Card(headline="Hi."), channel="D1")
    assert forgotten.asked == 0
