"""What Slack says, and what it means to whoever sends."""

from datetime import timedelta

import pytest

from bot.slack.messenger import meaning
from bot.slack.says import SlackSays
from survey.messenger import (
    OutcomeUnknown,
    PlatformBusy,
    PlatformRefuses,
    RecipientUnreachable,
)


@pytest.mark.parametrize(
    ("said", "expected", "words"),
    [
        (SlackSays(429, "ratelimited"), PlatformBusy, "ratelimited"),
        (SlackSays(200, "ratelimited"), PlatformBusy, "ratelimited"),
        (SlackSays(429, "Too Many Requests"), PlatformBusy, "429 Too Many Requests"),
        (SlackSays(429, "ratelimited", reached=False), PlatformBusy, "ratelimited"),
        (SlackSays(200, "team_added_to_org"), PlatformBusy, "team_added_to_org"),
        (SlackSays(None, "nobody answers", reached=False), PlatformBusy, "nobody answers"),
        *(
            (SlackSays(200, error), PlatformRefuses, "install the app")
            for error in (
                "invalid_auth",
                "token_revoked",
                "token_expired",
                "account_inactive",
                "not_authed",
                "org_login_required",
                "ekm_access_denied",
            )
        ),
        (SlackSays(200, "missing_scope", needed="im:write"), PlatformRefuses, "lacks im:write"),
        (SlackSays(200, "messages_tab_disabled"), PlatformRefuses, "App Home"),
        (SlackSays(404, "Not Found"), PlatformRefuses, "VOXPOP_SLACK__API_URL"),
        (SlackSays(302, "it is at another address"), PlatformRefuses, "VOXPOP_SLACK__API_URL"),
        (SlackSays(200, "channel_not_found"), RecipientUnreachable, "no account"),
        (SlackSays(200, "user_not_found"), RecipientUnreachable, "no account"),
        (SlackSays(200, "user_disabled"), RecipientUnreachable, "deactivated"),
        (SlackSays(200, "cannot_dm_bot"), RecipientUnreachable, "a bot's"),
        (SlackSays(200, "is_archived"), RecipientUnreachable, "archived"),
        (SlackSays(200, "restricted_action"), RecipientUnreachable, "does not let the app"),
        (SlackSays(200, "invalid_blocks"), RecipientUnreachable, "invalid_blocks"),
        (SlackSays(200, "fatal_error"), OutcomeUnknown, "fatal_error"),
        (SlackSays(200, "internal_error"), OutcomeUnknown, "internal_error"),
        (SlackSays(500, "no_text"), OutcomeUnknown, "no_text"),
        (SlackSays(503, "Service Unavailable"), OutcomeUnknown, "503"),
        (SlackSays(200, "the answer can't be read"), OutcomeUnknown, "can't be read"),
        (SlackSays(None, "no answer in time"), OutcomeUnknown, "no answer in time"),
    ],
)
def test_what_slack_says_has_one_meaning(
    said: SlackSays, expected: type[Exception], words: str
) -> None:
    with pytest.raises(expected, match=words):
        meaning(said)


def test_a_wait_that_slack_asks_for_is_passed_on() -> None:
    with pytest.raises(PlatformBusy) as raised:
        meaning(SlackSays(429, "ratelimited", retry_after=timedelta(seconds=30)))
    assert raised.value.retry_after == timedelta(seconds=30)
