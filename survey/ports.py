"""What the rules need from the world: each port is a shape, its adapters live in other rooms.

One call of a storage port is one transaction. No port call happens inside of another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from survey.campaign import Campaign, Period
from survey.card import Subject
from survey.comment import Comment
from survey.delivery import Delivery, MessageRef
from survey.invitation import Invitation
from survey.language import Language
from survey.person import Address, Enrolment, Person
from survey.planning import Candidate, Plan
from survey.report import Distribution, Participation, Report
from survey.survey import Survey


class Clock(Protocol):
    """What time it is."""

    def __call__(self) -> datetime:
        """Now, aware, in UTC."""
        ...


class People(Protocol):
    """The roster."""

    async def by_address(self, address: Address) -> Person | None:
        """Who has this address; None if nobody we know."""
        ...

    async def by_email(self, email: str) -> Person | None:
        """Who has this e-mail, upper and lower case alike."""
        ...

    async def reachable(self, platform: str, workspace: str) -> Sequence[Person]:
        """Everybody active who has an address there, in the order in which they came."""
        ...

    async def enrol(self, enrolments: Sequence[Enrolment]) -> None:
        """Add people, or bring what we know of them up to date; set-based."""
        ...

    async def candidates(self, survey: Survey, *, platforms: Sequence[str]) -> Sequence[Candidate]:
        """Everybody active, with what decides whether they are asked."""
        ...

    async def last_asked(self, person: Person, campaign: Campaign) -> datetime | None:
        """When the survey of this round asked them before this round; None if never."""
        ...

    async def opt_out(self, person: Person, *, survey: str | None, at: datetime) -> None:
        """No more of this survey, or of any (None); open invitations leave with it."""
        ...

    async def opt_in(self, person: Person, *, at: datetime) -> bool:
        """Ask again, their open questions included; whether there was anything to lift."""
        ...

    async def opted_out(self, person: Person) -> Sequence[str]:
        """Surveys they stopped; an empty string stands for all."""
        ...


class Rounds(Protocol):
    """Campaigns."""

    async def start(self, plan: Plan) -> Campaign:
        """Make the campaign, its invitations and first deliveries.

        Raises:
            CampaignExists: If a round of this survey is open.
        """
        ...

    async def find(self, survey: str, period: Period) -> Campaign | None:
        """One round."""
        ...

    async def by_id(self, campaign_id: int) -> Campaign:
        """One round.

        Raises:
            NotFound: If there is none.
        """
        ...

    async def all(self, survey: str | None = None) -> Sequence[Campaign]:
        """Every round (of one survey), newest first."""
        ...

    async def begin_closing(self, campaign: Campaign, *, at: datetime) -> Campaign:
        """Refuse presses from this commit on.

        Raises:
            IllegalTransition: If it is not open.
        """
        ...

    async def overdue(self, *, at: datetime) -> Sequence[Campaign]:
        """Open rounds whose time is over."""
        ...

    async def settled(self, *, at: datetime) -> Sequence[Campaign]:
        """Closing rounds in which no press can be under way any more."""
        ...

    async def finish(self, campaign: Campaign, *, at: datetime) -> None:
        """Close for good: who was open is expired, and every message is to be updated."""
        ...

    async def accounts(self, campaign: Campaign) -> Mapping[str, int]:
        """How many first messages stand in which state of a delivery."""
        ...


@dataclass(frozen=True, kw_only=True)
class Press:
    """What came in, before anything was checked against the database.

    Attributes:
        subject: The round and the invitation that the sealed button named.
        by: Who pressed, as the platform says.
        at: When, by the platform's clock (UTC).
    """

    subject: Subject
    by: Address
    at: datetime


class Answers(Protocol):
    """What people answered. Every method is one transaction and one round trip where it can be."""

    async def record(self, press: Press, score: int) -> Invitation:
        """Count a press; the invitation as it stands after it.

        Raises:
            NotYours: If somebody else was asked.
            InvitationClosed: If the round or the invitation takes no answers any more.
            AlreadyAnswered: If the survey takes one answer and has it.
            InvalidScore: If the score is of another scale.
            OutOfDate: If there is no such invitation.
            StorageUnavailable: If the database did not take it; nothing is saved.
        """
        ...

    async def undo(self, press: Press) -> Invitation:
        """Take the answer back; raises what `Invitation.undo` raises."""
        ...

    async def comment(self, press: Press, comment: Comment, *, added: bool = False) -> Invitation:
        """Keep a comment, in place of the one before or `added` below it.

        It raises what `Invitation.comment` raises.
        """
        ...

    async def show(self, press: Press) -> Invitation:
        """The invitation as it stands, if it is theirs.

        Raises:
            NotYours: If somebody else was asked.
            OutOfDate: If there is no such invitation.
        """
        ...

    async def ask_later(self, press: Press, *, due_at: datetime) -> None:
        """Plan to ask again; an ask that is planned already moves to this time."""
        ...

    async def waiting(self, *, at: datetime) -> Mapping[int, int]:
        """How many questions wait for an answer, by the person's number; nobody has 0."""
        ...

    async def open_for(self, person: Person, *, at: datetime) -> Sequence[Invitation]:
        """Their invitations that still take an answer, newest first."""
        ...


class Figures(Protocol):
    """Counts: what the report is made from."""

    async def participation(self, campaign: Campaign) -> Participation:
        """Who was asked, reached and has answered, as of now; told in every mode."""
        ...

    async def live(self, campaign: Campaign) -> Distribution:
        """All answers as they stand; for identified surveys only."""
        ...

    async def live_groups(self, campaign: Campaign) -> Mapping[tuple[str, str], Distribution]:
        """The same by (attribute, value)."""
        ...

    async def released(self, campaign: Campaign) -> Distribution:
        """What the release gate has let out."""
        ...

    async def of_rounds(self, campaigns: Sequence[Campaign]) -> Mapping[int, Distribution]:
        """By the number of the round: `live` of identified ones, `released` of the others."""
        ...

    async def released_groups(
        self, campaign: Campaign
    ) -> Mapping[tuple[str, str], Distribution | None]:
        """Every group by (attribute, value), None for those that are not shown."""
        ...

    async def pending(self, campaign: Campaign) -> int:
        """How many answers and changes the released figures do not have."""
        ...

    async def step(self, campaign: Campaign, *, at: datetime, last: bool = False) -> bool:
        """Let the figures move if enough people are behind the move; whether they did.

        Args:
            campaign: The round; identified ones never need this.
            at: Now.
            last: The close: groups are settled as well.
        """
        ...


class Outbox(Protocol):
    """The deliveries as a queue."""

    async def claim(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        """Take what is due under a lease; what others hold is left to them."""
        ...

    async def sent(self, delivery: Delivery, ref: MessageRef, *, at: datetime) -> bool:
        """It arrived; False if the lease was lost meanwhile and nothing was written."""
        ...

    async def postponed(self, delivery: Delivery, *, until: datetime, reason: str) -> bool:
        """Not delivered; try again then."""
        ...

    async def unknown(self, delivery: Delivery, *, until: datetime, reason: str) -> bool:
        """It may have arrived: look it up from then on."""
        ...

    async def failed(self, delivery: Delivery, *, reason: str) -> bool:
        """It can't be delivered."""
        ...

    async def skipped(self, delivery: Delivery, *, reason: str) -> bool:
        """It need not be delivered any more."""
        ...

    async def claim_unknown(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        """Deliveries of unknown outcome, those whose worker was lost among them."""
        ...


class Charts(Protocol):
    """Pictures of figures."""

    async def report(self, report: Report, language: Language) -> bytes | None:
        """A PNG, or None if it can't be drawn; drawing does not hold up anything else."""
        ...
