"""Mails that really went out and came back: by report, by mailbox, by SendGrid; all of it wired."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from runtime.serving import create_server_app
from survey.campaign import Campaign
from survey.consent import How
from survey.ports import Cause, Role
from tests.mail.imap import PASSWORD, USER, ImapServer
from tests.mail.returned import complaint, undelivered
from tests.mail.server import SmtpServer
from tests.world import World, email

PEOPLE = 4
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(
    PRIVATE.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()


@dataclass
class Mailed:
    """A round that everybody has in their mailbox."""

    world: World
    server: SmtpServer
    imap: ImapServer
    campaign: Campaign

    def name(self, place: int) -> str:
        """What somebody's mail is called."""
        [mail] = [one for one in self.server.arrived if one.to == email(place)]
        return str(mail.message["Message-ID"])[1:33]

    async def post(self, path: str, body: bytes, **headers: str) -> httpx.Response:
        app = create_server_app(self.world.product)
        transport = httpx.ASGITransport(app)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.post(path, content=body, headers=given)

    async def suppressed(self) -> dict[str, Cause]:
        return {one.email: one.cause for one in await self.world.product.suppressions.all()}

    async def failed(self) -> dict[str, int]:
        accounts = await self.world.product.rounds.accounts([self.campaign])
        return dict(accounts[self.campaign.id].failed)


@pytest.fixture
async def mailed(database_url: str, tmp_path: Path) -> AsyncIterator[Mailed]:
    with ImapServer(tmp_path) as imap:
        async with SmtpServer() as server:
            account = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
            environ = {
                "VOXPOP_SANDBOX": "0",
                "VOXPOP_EMAIL__SMTP_URL": server.url,
                "VOXPOP_EMAIL__FROM": "Acme surveys <surveys@acme.example>",
                "VOXPOP_EMAIL__BOUNCES_IMAP_URL": f"imap://{account}@127.0.0.1:{imap.port}",
                "VOXPOP_EMAIL__SENDGRID_KEY": "SG.a-key-of-the-second-provider",
                "VOXPOP_EMAIL__SENDGRID_URL": "http://127.0.0.1:9",
                "VOXPOP_EMAIL__SENDGRID_WEBHOOK_KEY": PUBLIC,
            }
            world = World(database_url, folder=tmp_path, environ=environ)
            await world.populate(PEOPLE)
            campaign = await world.start()
            assert len(server.arrived) == PEOPLE
            yield Mailed(world=world, server=server, imap=imap, campaign=campaign)
            await world.close()


async def test_fault_51_a_report_by_http_suppresses_the_mailbox_and_is_counted(
    mailed: Mailed,
) -> None:
    key = await mailed.world.product.keys.make("relay", Role.INGEST, at=mailed.world.clock())
    gone = undelivered(name=mailed.name(1), to=email(1), final=email(1))
    for _ in range(2):
        answer = await mailed.post("/email/reports", gone, Authorization=f"Bearer {key}")
        assert (answer.status_code, answer.json()) == (200, {"report": True, "ours": True})
    assert await mailed.suppressed() == {email(1): Cause.BOUNCED}
    assert sum((await mailed.failed()).values()) == 1
    now = await mailed.world.product.rounds.by_id(mailed.campaign.id)
    assert (now.invited, now.reached) == (PEOPLE, PEOPLE - 1)
    without = await mailed.post("/email/reports", gone)
    assert without.status_code == 401
    assert without.headers["content-type"] == "application/problem+json"


async def test_fault_51_a_report_in_the_mailbox_does_the_same(mailed: Mailed) -> None:
    mailed.imap.arrive(
        undelivered(name=mailed.name(2), to=email(2), final=email(2)),
        complaint(name=mailed.name(3), to=email(3)),
        undelivered(name=mailed.name(2), to=email(1), final=email(1)),
    )
    [sweep] = mailed.world.product.platforms["email"].sweeps()
    assert await sweep.run() == 2
    assert await mailed.suppressed() == {email(2): Cause.BOUNCED, email(3): Cause.COMPLAINED}
    people = mailed.world.product.people
    complaining = await people.by_email(email(3))
    assert complaining is not None
    [said] = await people.consents(complaining)
    assert (said.may_ask, said.survey, said.how) == (False, "", How.COMPLAINT)


async def test_fault_51_an_event_of_sendgrid_does_the_same(mailed: Mailed) -> None:
    event = {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 no such user"}
    body = json.dumps([event | {"voxpop": mailed.name(1), "email": email(1)}]).encode()
    moment = str(int(mailed.world.clock().timestamp()))
    signed = PRIVATE.sign(moment.encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "X_Twilio_Email_Event_Webhook_Timestamp": moment,
        "X_Twilio_Email_Event_Webhook_Signature": base64.b64encode(signed).decode(),
    }
    assert (await mailed.post("/email/events", body + b" ", **headers)).status_code == 401
    assert (await mailed.post("/email/events", body, **headers)).status_code == 204
    assert await mailed.suppressed() == {email(1): Cause.BOUNCED}


async def test_whose_mailbox_is_suppressed_is_not_asked_by_mail_until_it_is_released(
    mailed: Mailed,
) -> None:
    mailed.imap.arrive(undelivered(name=mailed.name(1), to=email(1), final=email(1)))
    [sweep] = mailed.world.product.platforms["email"].sweeps()
    await sweep.run()
    world = mailed.world
    await world.close_round(mailed.campaign)
    world.clock.forward(days=90)
    plan = await world.product.start.plan("nps")
    assert {one.email for one in plan.people} == {email(0), email(2), email(3)}
    assert await world.product.suppressions.release(email(1))
    plan = await world.product.start.plan("nps")
    assert len(plan.people) == PEOPLE
