"""A mail that is sent only to be looked at: as people get it, and nobody is asked."""

from datetime import timedelta
from uuid import uuid4

from runtime.languages import language
from runtime.wiring import Product
from survey.campaign import Campaign, Period
from survey.errors import InvalidValue
from survey.invitation import Invitation
from survey.localtime import local_date, zone
from survey.messenger import OutcomeUnknown
from survey.occasion import Told
from survey.person import EMAIL, Address, Person
from survey.states import CampaignState
from survey.survey import Survey
from survey.wording.sampling import sample

OFF = (
    "E-mail is off: VOXPOP_EMAIL__SMTP_URL (or VOXPOP_EMAIL__SENDGRID_KEY) says who carries it, "
    "VOXPOP_EMAIL__FROM whose it is."
)


async def send_sample(product: Product, to: str, *, survey: Survey, locale: str) -> None:
    """Send a survey's question to a mailbox as it would go out.

    Raises:
        InvalidValue: If e-mail is off.
        OutcomeUnknown: If it may have been sent.
        VoxpopError: Why it was not.
    """
    messenger = product.worker.messengers.get(EMAIL)
    if messenger is None:
        raise InvalidValue(OFF)
    card = await product.compose(_asked(product, survey, to, locale), first=True)
    try:
        await messenger.send(
            Address.mailbox(to), sample(card, language(locale)), delivery_id=uuid4()
        )
    except OutcomeUnknown as error:
        raise OutcomeUnknown(f"It may have been sent, and may not: {error}") from error


def _asked(product: Product, survey: Survey, to: str, locale: str) -> Invitation:
    """An invitation to a round that there is not, so that its links are not valid."""
    now, timezone = product.clock(), product.settings.timezone
    return Invitation(
        id=uuid4(),
        campaign=Campaign(
            id=0,
            survey=survey,
            period=Period.of(local_date(now, zone(timezone))),
            state=CampaignState.RUNNING,
            started_at=now,
            closes_at=now + timedelta(days=survey.open_days),
        ),
        person=Person(id=0, email=to, name="", timezone=timezone, locale=locale),
        about=None
        if survey.after is None
        else Told(key="sample", happened_at=now, details={"ticket": "#1234"}),
    )
