"""What a customer said about their visit, for programs that may see it."""

from dataclasses import dataclass

from survey.audit import Entry, plain
from survey.errors import NotFound, OnlyIdentified
from survey.insights import at_a_glance
from survey.invitation import Invitation
from survey.ports import AuditLog, Clock, Insights, Looked


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer, and what it says at a glance.

    Attributes:
        invitation: As it stands, with the answer.
        looked: What was found of it, and where the archive has it.
    """

    invitation: Invitation
    looked: Looked


@dataclass(frozen=True, kw_only=True)
class ShowFeedback:
    """Who asked for it is noted."""

    insights: Insights
    audit: AuditLog
    clock: Clock

    async def __call__(self, visit_id: int, *, by: str) -> Said:
        """The answer about a visit.

        Args:
            visit_id: Which.
            by: Who wants it, for the audit log.

        Raises:
            NotFound: If there is no such visit, or no answer about it.
            OnlyIdentified: If people were promised that nobody sees who said what.
            StorageUnavailable: If the database did not tell.
        """
        found = await self.insights.about(visit_id)
        if found is not None and found.invitation.campaign.survey.gated:
            raise OnlyIdentified(found.invitation.campaign.survey.name)
        score = None if found is None else found.invitation.response.score
        if found is None or score is None:
            raise NotFound(f"There is no answer about visit {visit_id}.")
        await self.audit.append(
            Entry(
                at=self.clock(),
                actor=plain(by),
                action="feedback.read",
                about=plain(f"visit {visit_id}"),
            )
        )
        looked = found.looked
        if looked is None:  # in a moment; until then it is told by the mark alone
            answered = found.invitation
            scale, comment = answered.campaign.survey.scale, answered.response.comment
            looked = Looked(insight=at_a_glance(score, scale, comment), path=None)
        return Said(invitation=found.invitation, looked=looked)
