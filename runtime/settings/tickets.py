"""What the environment says of helpdesks."""

from collections.abc import Sequence
from dataclasses import dataclass, field

NO_SURVEY = (
    "VOXPOP_TICKETS__… is set, and no survey waits for tickets: give one after = 'tickets'. "
    "What helpdesks tell is taken, and nobody is asked."
)


@dataclass(frozen=True, kw_only=True)
class TicketSettings:
    """The secrets with which helpdesks sign what they tell.

    Attributes:
        secrets: Of Standard Webhooks, `whsec_…`; all of them are good.
        zammad_token: The token of Zammad's webhook; None takes nothing from a Zammad.
        zendesk_secret: The signing secret of Zendesk's; None takes nothing.
        jira_secret: The secret of Jira's; None takes nothing.
    """

    secrets: Sequence[str] = field(default=(), repr=False)
    zammad_token: str | None = field(default=None, repr=False)
    zendesk_secret: str | None = field(default=None, repr=False)
    jira_secret: str | None = field(default=None, repr=False)

    @property
    def on(self) -> bool:
        """Whether any helpdesk may tell anything."""
        return bool(self.secrets or self.zammad_token or self.zendesk_secret or self.jira_secret)
