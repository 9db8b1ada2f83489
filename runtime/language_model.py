"""Words by a language model: above a question, and about what was said. Never in the way."""

import asyncio
import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

import structlog
from babel import Locale

from runtime.settings.insights import ModelSettings
from survey.comment import clean
from survey.errors import InvalidValue
from survey.insights import Insight, Sentiment, Source, shortened
from survey.ports import Clock

if TYPE_CHECKING:
    from openai import AsyncOpenAI

LONGEST_INVITATION = 600
"""Characters that stand above a question at most."""
_MOST_TOKENS = 300
_LINK = re.compile(r"(?i)https?://|www\.|\]\(")
_LEFT_OVER = re.compile(r"[\[\]{}<>]")
_FENCE = re.compile(r"^```(?:json)?\s*|\s*```$")

log = structlog.get_logger()


class LanguageModel:
    """The ports `Writer` and `Reader`. What it can't say, or not in time, it leaves to others.

    Nothing is sent to it but the template with the fields that the template names.

    Raises:
        InvalidValue: If the library that speaks to it is not installed.
    """

    def __init__(self, settings: ModelSettings, *, brand: str, clock: Clock) -> None:
        try:
            import openai  # noqa: PLC0415 - who asks no model needs no library for it
        except ModuleNotFoundError as error:
            raise InvalidValue(
                "VOXPOP_LLM__… needs openai: install voxpop with the extra, voxpop[llm]."
            ) from error
        self._refused: type[Exception] = openai.OpenAIError
        self._settings = settings
        self._brand = brand
        self._clock = clock
        self._client: AsyncOpenAI | None = None
        self._day: date | None = None
        self._asked = 0

    async def invitation(self, *, first_name: str, purpose: str, branch: str, locale: str) -> str:
        """See the port `Writer`."""
        wanted = self._settings.invitation.format(
            first_name=first_name,
            purpose=purpose,
            branch=branch,
            brand=self._brand,
            language=Locale.parse(locale).english_name or "English",
        )
        said = clean(await self._ask(wanted, what="invitation")).replace("[name]", first_name)
        if not said:
            return ""
        if len(said) > LONGEST_INVITATION or _LINK.search(said) or _LEFT_OVER.search(said):
            log.warning("language_model_useless", what="invitation", count=1)
            return ""
        return said

    async def insight(self, score: int, highest: int, comment: str) -> Insight | None:
        """See the port `Reader`."""
        wanted = self._settings.summary.format(score=score, highest=highest, comment=comment)
        said = await self._ask(wanted, what="summary")
        if not said:
            return None
        try:
            found = json.loads(_FENCE.sub("", said.strip()))
            summary, sentiment = shortened(clean(found["summary"])), Sentiment(found["sentiment"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            summary, sentiment = "", Sentiment.NEUTRAL
        if not summary:
            log.warning("language_model_useless", what="summary", count=1)
            return None
        return Insight(
            sentiment=sentiment,
            sentiment_source=Source.MODEL,
            summary=summary,
            summary_source=Source.MODEL,
        )

    async def check(self) -> None:
        """Ask it for one word.

        Raises:
            Exception: Why it said none.
        """
        await self._complete("Say: yes")

    async def close(self) -> None:
        """Let go of its connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _ask(self, wanted: str, *, what: str) -> str:
        """What it says; empty if it says nothing, too late, or was asked often enough today."""
        today = self._clock().date()
        if today != self._day:
            self._day, self._asked = today, 0
        if self._asked >= self._settings.calls_a_day:
            if self._asked == self._settings.calls_a_day:
                log.warning("language_model_budget_spent", calls=self._asked)
            self._asked += 1
            return ""
        self._asked += 1
        try:
            return await self._complete(wanted)
        except (self._refused, TimeoutError, OSError, ValueError) as error:
            log.warning("language_model_failed", what=what, reason=type(error).__name__)
            return ""

    async def _complete(self, wanted: str) -> str:
        async with asyncio.timeout(self._settings.seconds):
            answer: Any = await self._open().chat.completions.create(
                model=self._settings.model,
                messages=[{"role": "user", "content": wanted}],
                max_completion_tokens=_MOST_TOKENS,
            )
        choices = answer.choices or []
        return (choices[0].message.content or "") if choices else ""

    def _open(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI  # noqa: PLC0415 - see above

        if self._client is None:
            self._client = AsyncOpenAI(
                base_url=self._settings.base_url,
                api_key=self._settings.api_key or "none",
                timeout=self._settings.seconds / 2,
                max_retries=2,
            )
        return self._client
