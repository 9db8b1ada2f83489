"""Mails that went out, as far as it takes for them to come back."""

from dataclasses import replace

from survey.states import InvitationState
from tests.examples import invitation, person
from tests.fakes import Store
from tests.mail.returned import ADA, NAME


def mails(**sent: str) -> Store:
    """A store in which these mails went out: mailboxes by what the Message-ID has before its @."""
    store = Store()
    for number, (name, email) in enumerate((sent or {NAME: ADA}).items(), start=1):
        asked = invitation(number, person=replace(person(number), email=email))
        reached = store.asks(replace(asked, state=InvitationState.SENT))
        store.mails[name, email] = reached
    return store
