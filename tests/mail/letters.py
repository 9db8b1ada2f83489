"""Letters as the product makes them, by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from bot.email.letters import name_of, parcel_of
from bot.email.providers import Parcel, Sender
from runtime.languages import language
from runtime.links import SignedLinks
from survey.brand import Brand
from survey.card import Card
from survey.language import Language
from survey.person import Address
from survey.report import Participation
from survey.scale import CSAT, TEN
from survey.survey import Mode, Survey
from survey.wording import asked, mailed, reminding
from tests.examples import MONDAY, NPS_SURVEY, campaign, invitation
from tests.happened import FEATURES, TICKETS, VISITS, brought

EN = language("en")
ADA = Address.mailbox("ada@example.org")
SENDER = Sender(name="Acme surveys", address="surveys@acme.example", reply_to="hr@acme.example")
LINKS = SignedLinks(
    ("a-secret-key-that-is-long-enough-for-anybody",), "https://survey.acme.example"
)
DELIVERY = UUID(int=77)
TOLD = Participation(invited=480, reached=480, answered=298)
LONG = (
    "Thinking of the last three months, in which your team has moved to the new build system, "
    "the new office on the other side of the river and the new way of planning:\n"
    "how likely are you to recommend Acme as a place to work to somebody whom you like?"
)


def letter(
    in_language: Language = EN, *, reminder: int | None = None, most: int = 3, **changes: Any
) -> Card:
    """The question or a reminder of it as a letter; `changes` are of the survey."""
    about = invitation(
        number=7, campaign=campaign(survey=replace(NPS_SURVEY, **changes)), first_contact=True
    )
    card = (
        asked.asked(about, in_language, now=MONDAY)
        if reminder is None
        else reminding.reminder(
            about, reminder, TOLD, in_language, most=most, now=MONDAY, by_letter=True
        )
    )
    said = mailed.letter(
        about,
        in_language,
        reminder=reminder,
        first=reminder is None,
        most=most,
        now=MONDAY,
    )
    return replace(asked.about(about, card), letter=said)


def letter_about(survey: Survey, **changes: Any) -> Card:
    """The letter about what something brought."""
    about = brought(survey, **changes)
    said = mailed.letter(about, EN, reminder=None, first=True, most=3, now=MONDAY)
    return replace(asked.about(about, asked.asked(about, EN, now=MONDAY)), letter=said)


def right_to_left() -> Card:
    """The words stand in for a translation."""
    card = letter(scale=TEN)
    assert card.letter is not None
    return replace(
        card,
        greeting="مرحبًا آدا، أنا Voxpop. أسأل سؤالًا واحدًا كل ربع سنة، وهذا هو.",
        headline="ما مدى احتمال أن توصي زميلًا بالعمل في Acme؟",
        lines=("1 = ضعيف جدًا · 10 = ممتاز",),
        note="لا تُعرض إلا مجموعات من 5 أشخاص أو أكثر · مفتوح حتى الجمعة 27 نوفمبر، 17:00",
        letter=replace(
            card.letter,
            locale="ar",
            right_to_left=True,
            title="ما مدى احتمال أن توصي زميلًا بالعمل في Acme؟",
            preview="سؤال واحد، عشر ثوانٍ.",
            how="اضغط على رقم. تُفتح صفحة، وبضغطة أخرى هناك يُرسل جوابك.",
            page="أجب في الصفحة",
            why="تصلك هذه الرسالة لأنك ضمن قائمة من يسألهم هذا الاستطلاع.",
            stop="إلغاء الاشتراك",
        ),
    )


LETTERS: Mapping[str, Callable[[], Card]] = {
    "question": letter,
    "five-marks": lambda: letter(
        scale=CSAT, mode=Mode.IDENTIFIED, subject="our help desk", owner="the help desk"
    ),
    "one-press": lambda: letter(
        scale=CSAT, mode=Mode.IDENTIFIED, subject="our help desk", one_press=True
    ),
    "reminder": lambda: letter(reminder=1),
    "second-reminder": lambda: letter(reminder=2),
    "last-call": lambda: letter(reminder=3),
    "long-question": lambda: letter(question=LONG),
    "right-to-left": right_to_left,
    "tickets": lambda: letter_about(TICKETS),
    "features": lambda: letter_about(FEATURES),
    "visits": lambda: letter_about(
        VISITS,
        told={
            "branch": "Harbour & Sons",
            "invitation": "Dear Ada,\n\nwe hope that your <bicycle> rides again.",
        },
    ),
    "no-scores": lambda: replace(letter(), buttons=()),
}
BRANDS = {
    "five-marks": Brand(name="Acme", color="#e8a86b", logo_url="https://acme.example/logo.png")
}


def parcel(
    card: Card,
    *,
    to: Address = ADA,
    sender: Sender = SENDER,
    brand: Brand | None = None,
    delivery: UUID = DELIVERY,
) -> Parcel:
    """The letter on its way, an hour after it was planned."""
    return parcel_of(
        card,
        to=to,
        sender=sender,
        links=LINKS,
        brand=brand or Brand(),
        name=name_of(card, delivery),
        now=MONDAY + timedelta(hours=1),
    )
