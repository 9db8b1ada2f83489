"""Where low marks are told."""

from pathlib import Path

import pytest

from runtime.settings import Settings, load_settings
from survey.errors import InvalidValue
from survey.person import Address

BASE = {"VOXPOP_SECRET_KEY": "a-key-for-tests-that-is-long-enough-to-pass"}
MATTERMOST = {
    "VOXPOP_MATTERMOST__URL": "https://chat.example.org",
    "VOXPOP_MATTERMOST__TOKEN": "x" * 26,
}
SLACK = {
    "VOXPOP_SLACK__BOT_TOKEN": "xoxb-" + "1" * 20,
    "VOXPOP_SLACK__SIGNING_SECRET": "s" * 32,
}


def settings(folder: Path, channels: str, **environ: str) -> Settings:
    return load_settings({**BASE, **environ, "VOXPOP_ALERT_CHANNEL": channels}, folder=folder)


def channel(platform: str, name: str, workspace: str = "") -> Address:
    return Address(platform=platform, workspace=workspace, user_id=f"#{name}")


@pytest.mark.parametrize("written", ["slack:#support", "slack:support", " Slack : #support "])
def test_slacks_channel_may_have_its_sign(tmp_path: Path, written: str) -> None:
    found = settings(tmp_path, written, **SLACK)
    assert found.alert_channels == (channel("slack", "support"),)


def test_each_platform_has_one(tmp_path: Path) -> None:
    both = "mattermost:acme/support, slack:C0123456789"
    found = settings(tmp_path, both, **MATTERMOST, **SLACK)
    assert found.alert_channels == (
        channel("mattermost", "acme/support"),
        channel("slack", "C0123456789"),
    )
    assert found.alert_channels[0].channel == "acme/support"


def test_unset_there_is_none(tmp_path: Path) -> None:
    assert load_settings(BASE, folder=tmp_path).alert_channels == ()


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("support", "mattermost:team/channel"),
        ("mattermost:support", "mattermost:team/channel"),
        ("mattermost:acme/support/x", "mattermost:team/channel"),
        ("email:team@example.org", "slack:#channel"),
        ("slack:", "slack:#channel"),
        ("slack:@ada", "slack:#channel"),
        ("slack:a,slack:b", "one channel of a platform"),
    ],
)
def test_what_names_no_channel_is_refused_with_its_shape(
    tmp_path: Path, written: str, says: str
) -> None:
    with pytest.raises(InvalidValue, match="VOXPOP_ALERT_CHANNEL") as refused:
        settings(tmp_path, written, **MATTERMOST, **SLACK)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("written", "missing"),
    [
        ("mattermost:acme/support", "VOXPOP_MATTERMOST__URL"),
        ("slack:#support", "VOXPOP_SLACK__BOT_TOKEN"),
        ("sandbox:#alerts", "VOXPOP_SANDBOX"),
    ],
)
def test_a_channel_of_a_platform_that_is_off_is_refused(
    tmp_path: Path, written: str, missing: str
) -> None:
    with pytest.raises(InvalidValue, match=missing):
        settings(tmp_path, written)
