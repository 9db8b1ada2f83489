"""Mail by SendGrid against a peer that speaks its API: what its answers mean."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.email.providers import MailRefused, ProviderBusy, ProviderRefuses
from bot.email.sendgrid import SendGrid
from survey.errors import VoxpopError
from survey.messenger import OutcomeUnknown
from tests.mail.letters import SENDER, letter, parcel
from tests.mail.sendgrid import KEY, SendGridPeer

MAIL = parcel(letter(reminder=1))


@pytest.fixture
async def peer() -> AsyncIterator[SendGridPeer]:
    async with SendGridPeer() as made:
        yield made


@pytest.fixture
async def provider(peer: SendGridPeer) -> AsyncIterator[SendGrid]:
    made = SendGrid(KEY, SENDER, url=peer.url)
    yield made
    await made.close()


async def test_a_mail_arrives_with_our_own_headers_and_nothing_added(
    peer: SendGridPeer, provider: SendGrid
) -> None:
    await provider.send(MAIL)
    [taken] = peer.taken
    assert taken["personalizations"] == [{"to": [{"email": "ada@example.org"}]}]
    assert taken["from"] == {"email": "surveys@acme.example", "name": "Acme surveys"}
    assert taken["reply_to"] == {"email": "hr@acme.example"}
    assert taken["subject"] == "How likely are you to recommend Acme to a colleague?"
    assert taken["custom_args"] == {"voxpop": MAIL.name}
    assert [part["type"] for part in taken["content"]] == ["text/plain", "text/html"]
    assert "0 = not at all" in taken["content"][0]["value"]
    assert "\r" not in taken["content"][0]["value"]
    assert {name: setting["enable"] for name, setting in taken["tracking_settings"].items()} == {
        "click_tracking": False,
        "open_tracking": False,
        "subscription_tracking": False,
        "ganalytics": False,
    }


async def test_it_stands_in_the_same_thread_as_by_smtp(
    peer: SendGridPeer, provider: SendGrid
) -> None:
    await provider.send(MAIL)
    heads = peer.taken[0]["headers"]
    for name in ("Message-ID", "In-Reply-To", "References", "List-Unsubscribe", "List-Id"):
        assert heads[name] == MAIL.message[name]
    assert heads["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert not {name.lower() for name in heads} & {"to", "from", "subject", "reply-to", "date"}
    assert not any(name.lower().startswith("content-t") for name in heads)


async def test_a_sender_without_a_name_and_answers_is_no_more_than_that(
    peer: SendGridPeer,
) -> None:
    plain = replace(SENDER, name="", reply_to=None)
    provider = SendGrid(KEY, plain, url=peer.url)
    await provider.send(parcel(letter(), sender=plain))
    await provider.close()
    assert peer.taken[0]["from"] == {"email": "surveys@acme.example"}
    assert "reply_to" not in peer.taken[0]


async def told(provider: SendGrid, *, error: type[VoxpopError]) -> str:
    with pytest.raises(VoxpopError) as caught:
        await provider.send(MAIL)
    assert type(caught.value) is error
    assert "ada@example.org" not in str(caught.value)
    return str(caught.value)


async def test_a_wrong_key_is_for_somebody_to_mend(peer: SendGridPeer) -> None:
    provider = SendGrid("SG.another-key-of-it", SENDER, url=peer.url)
    reason = await told(provider, error=ProviderRefuses)
    await provider.close()
    assert "401 The provided authorization grant is invalid" in reason
    assert "another-key" not in reason


async def test_a_sender_that_it_does_not_know_is_for_somebody_to_mend(
    peer: SendGridPeer, provider: SendGrid
) -> None:
    peer.refuse(403, "from", "The from address does not match a verified Sender Identity.")
    assert "verified Sender" in await told(provider, error=ProviderRefuses)


async def test_a_mailbox_that_it_finds_fault_with(peer: SendGridPeer, provider: SendGrid) -> None:
    peer.refuse(400, "personalizations.0.to.0.email", "ada@example.org is no valid address.")
    assert "is no valid address" in await told(provider, error=MailRefused)


@pytest.mark.parametrize("status", [400, 404, 405, 301])
async def test_what_it_does_not_understand_is_for_somebody_to_mend(
    peer: SendGridPeer, provider: SendGrid, status: int
) -> None:
    peer.answer(status, "<html>nobody here</html>")
    await told(provider, error=ProviderRefuses)


async def test_a_mail_that_is_too_large(peer: SendGridPeer, provider: SendGrid) -> None:
    peer.refuse(413, None, "too large")
    await told(provider, error=MailRefused)


@pytest.mark.parametrize("status", [429, 503])
async def test_it_is_left_alone_for_as_long_as_it_asks(
    peer: SendGridPeer, provider: SendGrid, status: int
) -> None:
    peer.answer(status, None, **{"Retry-After": "17"})
    with pytest.raises(ProviderBusy) as caught:
        await provider.send(MAIL)
    assert caught.value.retry_after == timedelta(seconds=17)


@pytest.mark.parametrize("answer", ["drop", "lost"])
async def test_fault_52_a_connection_that_broke_tells_nothing(
    peer: SendGridPeer, provider: SendGrid, answer: str
) -> None:
    peer.answers.append(answer)
    await told(provider, error=OutcomeUnknown)
    assert peer.asked == 1, "aiohttp must not send it again by itself"


@pytest.mark.parametrize("status", [500, 502, 504, 200])
async def test_its_own_errors_and_other_answers_tell_nothing(
    peer: SendGridPeer, provider: SendGrid, status: int
) -> None:
    peer.answer(status, "oops")
    await told(provider, error=OutcomeUnknown)


async def test_no_answer_tells_nothing(peer: SendGridPeer) -> None:
    peer.answers.append("hang")
    provider = SendGrid(KEY, SENDER, url=peer.url, timeout=0.2)
    await told(provider, error=OutcomeUnknown)
    await provider.close()


async def test_nobody_listens() -> None:
    provider = SendGrid(KEY, SENDER, url="http://127.0.0.1:1")
    await told(provider, error=ProviderBusy)
    await provider.close()


async def test_closed_it_can_be_used_again(peer: SendGridPeer, provider: SendGrid) -> None:
    await provider.send(MAIL)
    await provider.close()
    await provider.send(MAIL)
    assert len(peer.taken) == 2
