"""Look into answers about visits: their sentiment, a summary, and a copy for the archive."""

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from survey.insights import Insight, VisitAnswer, at_a_glance
from survey.ports import Archive, ArchiveUnavailable, Clock, Insights, Looked, Reader

BATCH = 50
"""How many are looked into at one go."""
Together = Callable[[Iterable[Awaitable[str]]], Awaitable[Sequence[str]]]
"""Does several things at once, as many as may be under way; what each of them came to."""

LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class LookIntoAnswers:
    """Whatever goes wrong is tried again: no answer is missing from the archive in the end.

    Attributes:
        surveys: Those that ask about visits.
        archive: None keeps no copies.
        reader: None goes by the mark and their own words.
        together: How several are looked into at once.
    """

    insights: Insights
    surveys: Sequence[str]
    clock: Clock
    together: Together
    archive: Archive | None = None
    reader: Reader | None = None

    async def __call__(self) -> Sequence[str]:
        """Look into everything that is due.

        Returns:
            Why answers could not be written, a line for each.

        Raises:
            StorageUnavailable: If the database did not take it; what is left waits.
        """
        await self.insights.plan(self.surveys, at=self.clock())
        troubles: list[str] = []
        while found := await self.insights.due(at=self.clock(), limit=BATCH):
            ended = await self.together(self._one(one) for one in found)
            troubles += [trouble for trouble in ended if trouble]
            if troubles or len(found) < BATCH:
                break
        return troubles

    async def _one(self, answer: VisitAnswer) -> str:
        try:
            if answer.gone:
                await self._drop(answer)
            else:
                await self._keep(answer)
        except ArchiveUnavailable as error:
            until = self.clock() + pause_after(answer.tries + 1)
            await self.insights.put_off(answer, until=until, reason=str(error))
            return str(error)
        return ""

    async def _drop(self, answer: VisitAnswer) -> None:
        if answer.path is not None:
            if self.archive is None:
                raise ArchiveUnavailable(
                    f"{answer.path} is to be removed, and VOXPOP_ARCHIVE_URL names no archive."
                )
            await self.archive.remove(answer.path)
        await self.insights.dropped(answer)

    async def _keep(self, answer: VisitAnswer) -> None:
        insight = await self._insight(answer)
        path = None
        if self.archive is not None:
            path = await self.archive.put(answer.name, document(answer, insight))
        await self.insights.looked(
            answer, Looked(insight=insight, path=path or answer.path), at=self.clock()
        )

    async def _insight(self, answer: VisitAnswer) -> Insight:
        score = answer.score or answer.scale.low
        if self.reader is not None and answer.comment:
            found = await self.reader.insight(score, answer.scale.high, answer.comment)
            if found is not None:
                return found
        return at_a_glance(score, answer.scale, answer.comment)


def pause_after(tries: int) -> timedelta:
    """How long to wait after it could not be written: 10, 20, 40 … 3,600 seconds."""
    return min(timedelta(seconds=5 * 2 ** min(tries, 10)), LONGEST_PAUSE)


def document(answer: VisitAnswer, insight: Insight) -> bytes:
    """The file in the archive: UTF-8 JSON without names, e-mails and telephone numbers."""
    content = {
        "customer_id": answer.customer_id,
        "survey_link_id": answer.invitation_id.hex,
        "star_rating": answer.score,
        "highest_rating": answer.scale.high,
        "textual_feedback": answer.comment,
        "sentiment": insight.sentiment.value,
        "sentiment_source": insight.sentiment_source.value,
        "summary": insight.summary,
        "summary_source": insight.summary_source.value,
        "email_consent": answer.email_consent,
        "purpose_of_visit": answer.purpose,
        "branch_id": answer.branch_id,
        "branch_name": answer.branch,
        "staff_name": answer.staff,
        "visited_at": _written(answer.visited_at),
        "created_at": _written(answer.pressed_at),
    }
    return f"{json.dumps(content, ensure_ascii=False, indent=2)}\n".encode()


def _written(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
