"""Cards that do not fit into an answer: for everybody in a channel, or for one person alone."""

from dataclasses import dataclass, replace

import structlog

from bot.slack.says import SlackSays
from bot.slack.voice import Voice
from survey.card import Card
from survey.errors import VoxpopError
from survey.person import Address
from survey.wording import beside

log = structlog.get_logger()
NOT_A_MEMBER = frozenset({"not_in_channel", "channel_not_found"})


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Posts what an answer cannot carry."""

    voice: Voice

    async def share(self, card: Card, channel: str, *, by: Address, said: Card) -> Card:
        """Post to everybody in a channel; what to tell who wanted it: `said`, or why not.

        From the Home tab, which stands in no channel, it goes to the direct messages.
        """
        try:
            posted = await self.voice.post(channel or by.user_id, card, to=by)
        except VoxpopError as error:
            reason = error.error if isinstance(error, SlackSays) else error.code
            log.warning("slack_not_shared", reason=reason)
            language = await self.voice.language(by)
            if isinstance(error, SlackSays) and not error.outcome_known:
                return Card(headline=beside.perhaps_posted(language))
            if reason not in NOT_A_MEMBER:
                return Card(headline=beside.not_posted(language))
            try:
                me = await self.voice.workspaces.bot(by.workspace)
            except VoxpopError:
                return Card(headline=beside.not_posted(language))
            return Card(headline=beside.invite_me(f"@{me.name}", language))
        if posted.whole:
            return said
        language = await self.voice.language(by)
        return replace(said, lines=(*said.lines, beside.chart_left_out(language)))

    async def beside(self, card: Card, channel: str, *, to: Address) -> Card:
        """The card without its picture and its file, which an answer can't carry.

        They go to the direct messages; all of it does, where it was asked for in those. Nothing is
        left to be said then.
        """
        bare = card.bare
        if card == bare:
            return card
        # A name that begins so is that of some direct channel, ours or one of two people.
        perhaps_here = channel.startswith("D")
        whole = card if perhaps_here else replace(card, buttons=())
        stands = await self.voice.say_directly(to, whole)
        language = await self.voice.language(to)
        if stands is None or not stands.whole:
            return beside.lacking(card, language)
        if stands.ref.channel == channel:
            return Card()
        if card.picture is None:
            return replace(bare, lines=(*bare.lines, beside.file_in_direct_messages(language)))
        return replace(bare, lines=(*bare.lines, beside.chart_in_direct_messages(language)))
