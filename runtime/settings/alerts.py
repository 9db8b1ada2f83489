"""Where low marks are told: a channel of each platform that has one."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from bot.mattermost import PLATFORM as MATTERMOST
from bot.mattermost import WORKSPACE as MATTERMOST_WORKSPACE
from bot.sandbox.chat import PLATFORM as SANDBOX
from bot.sandbox.chat import WORKSPACE as SANDBOX_WORKSPACE
from bot.slack import PLATFORM as SLACK
from bot.slack import WORKSPACE_AT_HOME
from runtime.settings.values import split
from survey.person import CHANNEL, Address

NAME = "VOXPOP_ALERT_CHANNEL"
_SHAPES: Mapping[str, tuple[str, str]] = {
    MATTERMOST: (r"[a-z0-9_-]{1,64}/[a-z0-9_-]{1,64}", "mattermost:team/channel"),
    SLACK: (r"#?[^\s#@:,/]{1,80}", "slack:#channel"),
    SANDBOX: (r"#?[a-z0-9_-]{1,64}", "sandbox:#channel"),
}
_WORKSPACES: Mapping[str, str] = {
    MATTERMOST: MATTERMOST_WORKSPACE,
    SLACK: WORKSPACE_AT_HOME,
    SANDBOX: SANDBOX_WORKSPACE,
}


def _channel(text: str) -> Address:
    platform, _, name = (part.strip() for part in text.partition(":"))
    platform = platform.lower()
    shape, example = _SHAPES.get(platform, ("", ""))
    if not shape or not re.fullmatch(shape, name):
        known = example or ", ".join(one for _, one in _SHAPES.values())
        raise ValueError(f"{text!r} names no channel; write {known}")
    return Address(
        platform=platform,
        workspace=_WORKSPACES[platform],
        user_id=f"{CHANNEL}{name.removeprefix(CHANNEL)}",
    )


def _one_each(channels: Sequence[Address]) -> Sequence[Address]:
    platforms = [channel.platform for channel in channels]
    if len(set(platforms)) < len(platforms):
        raise ValueError("name one channel of a platform")
    return channels


AlertChannels = Annotated[
    list[Annotated[Address, BeforeValidator(_channel)]],
    BeforeValidator(split),
    AfterValidator(_one_each),
]


def problems_of_alerts(
    channels: Sequence[Address], *, mattermost: bool, slack: bool, sandbox: bool
) -> Iterator[str]:
    """What can't be reached, a sentence each.

    Args:
        channels: As they were named.
        mattermost: Whether it is on.
        slack: Whether a workspace of our own is.
        sandbox: Whether it is on.
    """
    missing = {
        MATTERMOST: None if mattermost else "VOXPOP_MATTERMOST__URL and __TOKEN",
        SLACK: None if slack else "VOXPOP_SLACK__BOT_TOKEN",
        SANDBOX: None if sandbox else "VOXPOP_SANDBOX",
    }
    for channel in channels:
        if (lacks := missing[channel.platform]) is not None:
            yield (
                f"{NAME} names a channel of {channel.platform}, which is not on: set {lacks}, or "
                "take the channel out."
            )
