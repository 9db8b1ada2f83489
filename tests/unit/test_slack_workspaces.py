"""Which workspaces we are in, and with which token."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

import pytest

from bot.slack.client import SlackApi
from bot.slack.says import SlackSays
from bot.slack.workspaces import FAILURE_KEPT, KEPT, TOLD_WITHIN_SECONDS, Workspaces
from survey.messenger import PlatformRefuses
from survey.ports import Installation, Installations
from tests.examples import MONDAY


@dataclass
class Api:
    """A Slack that knows these tokens, and counts."""

    teams: dict[str, str]
    calls: list[tuple[str, str]] = field(default_factory=list)
    hangs: bool = False

    async def call(self, method: str, *, token: str, **_: Any) -> Mapping[str, Any]:
        self.calls.append((method, token))
        if self.hangs:
            await asyncio.sleep(30)
        if token not in self.teams:
            raise SlackSays(200, "token_revoked")
        team = self.teams[token]
        return {"user_id": f"U{team}", "bot_id": f"B{team}", "team_id": team, "user": "voxpop"}


@dataclass
class Kept:
    """Installations in a list."""

    there: list[Installation] = field(default_factory=list)
    asked: int = 0

    async def all(self) -> Sequence[Installation]:
        return self.there

    async def find(self, workspace: str) -> Installation | None:
        self.asked += 1
        return next((one for one in self.there if one.workspace == workspace), None)


def _installed(workspace: str, token: str) -> Installation:
    return Installation(
        workspace=workspace,
        name=workspace,
        bot_user_id="U1",
        app_id="A1",
        scopes=(),
        token=token,
        installed_at=MONDAY,
        installed_by="U2",
    )


class Setting:
    """Two workspaces besides ours at home, T0."""

    def __init__(self, home: str | None = "xoxb-home") -> None:
        self.now = MONDAY
        self.api = Api({"xoxb-home": "T0", "xoxb-1": "T1", "xoxb-2": "T2"})
        self.kept = Kept([_installed("T1", "xoxb-1"), _installed("T2", "xoxb-2")])
        self.workspaces = Workspaces(
            cast("SlackApi", self.api),
            home,
            cast("Installations", self.kept),
            lambda: self.now,
        )


async def test_each_workspace_has_its_own_token() -> None:
    setting = Setting()
    assert await setting.workspaces.token("") == "xoxb-home"
    assert await setting.workspaces.token("T2") == "xoxb-2"
    assert setting.api.calls == []


@pytest.mark.parametrize(("workspace", "what"), [("", "BOT_TOKEN"), ("T9", "voxpop slack link")])
async def test_fault_22_where_we_are_not_installed_the_error_says_what_mends_it(
    workspace: str, what: str
) -> None:
    with pytest.raises(PlatformRefuses, match=what):
        await Setting(home=None).workspaces.token(workspace)


async def test_without_installations_there_is_only_home() -> None:
    alone = Workspaces(cast("SlackApi", Api({"t": "T0"})), "t", None, lambda: MONDAY)
    assert await alone.all() == [""]
    assert await alone.workspace_of("T0") == ""
    assert await alone.workspace_of("T1") is None


async def test_a_token_is_read_once_a_minute() -> None:
    setting = Setting()
    for _ in range(3):
        await setting.workspaces.token("T1")
    assert setting.kept.asked == 1
    setting.now += KEPT + timedelta(seconds=1)
    setting.kept.there = []
    with pytest.raises(PlatformRefuses):
        await setting.workspaces.token("T1")


async def test_what_comes_in_is_of_home_or_of_a_workspace_that_installed_us() -> None:
    setting = Setting()
    found = [await setting.workspaces.workspace_of(team) for team in ("T0", "T1", "T9", "")]
    assert found == ["", "T1", None, None]
    assert setting.api.calls == [("auth.test", "xoxb-home")]  # once, whoever presses


async def test_fault_22_while_slack_does_not_tell_who_we_are_presses_are_told_apart() -> None:
    alone = Workspaces(cast("SlackApi", Api({})), "revoked", None, lambda: MONDAY)
    assert [await alone.workspace_of(team) for team in ("T0", "")] == ["", None]

    setting = Setting(home="revoked")
    assert await setting.workspaces.workspace_of("T1") == "T1"
    with pytest.raises(SlackSays, match="which workspace is ours"):
        await setting.workspaces.workspace_of("T0")
    setting.api.teams["revoked"] = "T0"  # restored
    setting.now += FAILURE_KEPT
    assert await setting.workspaces.workspace_of("T0") == ""


async def test_home_comes_first_and_only_once() -> None:
    setting = Setting()
    setting.kept.there.append(_installed("T0", "xoxb-another-of-home"))
    assert await setting.workspaces.all() == ["", "T1", "T2"]
    assert await setting.workspaces.team_of("") == "T0"
    assert await setting.workspaces.team_of("T1") == "T1"


async def test_fault_22_where_the_token_of_home_is_dead_all_others_are_served() -> None:
    setting = Setting(home="revoked")
    assert await setting.workspaces.all() == ["", "T1", "T2"]


async def test_fault_22_who_we_are_is_not_asked_by_everybody_while_slack_does_not_tell() -> None:
    setting = Setting(home="revoked")
    for _ in range(3):
        with pytest.raises(SlackSays, match="token_revoked"):
            await setting.workspaces.bot("")
    assert len(setting.api.calls) == 1
    with pytest.raises(SlackSays):  # nor does anything else that fails change it
        await setting.workspaces.call("", "chat.postMessage")
    with pytest.raises(SlackSays):
        await setting.workspaces.bot("")
    assert [method for method, _ in setting.api.calls] == ["auth.test", "chat.postMessage"]
    setting.now += FAILURE_KEPT
    setting.api.teams["revoked"] = "T0"
    assert (await setting.workspaces.bot("")).team_id == "T0"


async def test_fault_22_only_the_first_press_waits_for_a_slack_that_hangs() -> None:
    setting = Setting()
    setting.api.hangs = True
    begun = time.monotonic()
    for _ in range(3):
        assert await setting.workspaces.workspace_of("T1") == "T1"
    assert time.monotonic() - begun < 2 * TOLD_WITHIN_SECONDS
    assert len(setting.api.calls) == 1


async def test_an_installation_asks_at_once_who_we_are() -> None:
    setting = Setting()
    token = setting.api.teams.pop("xoxb-1")
    with pytest.raises(SlackSays):
        await setting.workspaces.bot("T1")
    setting.api.teams["xoxb-1"] = token
    setting.workspaces.forget("T1")
    assert (await setting.workspaces.bot("T1")).team_id == "T1"


async def test_who_we_are_is_asked_once_and_anew_once_it_was_forgotten() -> None:
    setting = Setting()
    bot = await setting.workspaces.bot("T1")
    assert bot == await setting.workspaces.bot("T1")
    assert (bot.user_id, bot.bot_id, bot.team_id, bot.name) == ("UT1", "BT1", "T1", "voxpop")
    assert len(setting.api.calls) == 1
    setting.workspaces.forget("T1")
    await setting.workspaces.bot("T1")
    assert len(setting.api.calls) == 2
    assert setting.kept.asked == 2


async def test_fault_21_a_call_with_a_token_that_was_just_renewed_is_made_with_the_new_one() -> (
    None
):
    setting = Setting()
    await setting.workspaces.call("T1", "chat.postMessage")
    del setting.api.teams["xoxb-1"]
    setting.api.teams["xoxb-1b"] = "T1"
    setting.kept.there[0] = replace(setting.kept.there[0], token="xoxb-1b")
    await setting.workspaces.call("T1", "chat.postMessage")
    assert [token for _, token in setting.api.calls] == ["xoxb-1", "xoxb-1", "xoxb-1b"]


@pytest.mark.parametrize(("workspace", "token"), [("", "xoxb-home"), ("T1", "xoxb-1")])
async def test_fault_20_a_revoked_token_is_not_tried_twice(workspace: str, token: str) -> None:
    setting = Setting()
    del setting.api.teams[token]
    with pytest.raises(SlackSays, match="token_revoked"):
        await setting.workspaces.call(workspace, "chat.postMessage")
    assert setting.api.calls == [("chat.postMessage", token)]
