"""The sandbox, inbound: what people do there, as interactions; replies, as messages there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from bot.desk import Desk
from bot.interactions import CommandTyped, DialogSubmitted, Pressed, Said
from bot.sandbox.chat import PLATFORM, WORKSPACE, Author, Chat, Message
from bot.sandbox.rendering import content_of, dialog_json, inbox_json, plain
from bot.sealing import Seal, Sealed, opens_for
from survey.card import Act, Card, Reply, Subject
from survey.delivery import MessageRef
from survey.errors import NotFound, NotYours, OutOfDate, VoxpopError
from survey.language import Languages
from survey.person import CHANNEL, Address
from survey.ports import Clock, People
from survey.wording import refusals


def address_of(email: str) -> Address:
    """Where somebody is in the sandbox."""
    return Address(platform=PLATFORM, workspace=WORKSPACE, user_id=email)


def ref_of(message: Message) -> MessageRef:
    """A message as the outbox knows it."""
    return MessageRef(channel=message.inbox, message=str(message.id))


def _subject(message: Message) -> Subject | None:
    about = message.content["subject"]
    return None if about is None else Subject(campaign_id=about[0], invitation_id=UUID(about[1]))


def _remembering(message: Message, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The second click of a double click was at the buttons that were there before the first."""
    was = message.content
    same = was["buttons"] == content["buttons"]
    return {**content, "before": was.get("before", []) if same else was["buttons"]}


def _shared(reply: Reply) -> bool:
    return reply.update is not None and reply.update.shared


def _stays(card: Card) -> bool:
    """Whether there is more to it than words that are read once."""
    return bool(card.picture or card.attachment or card.buttons)


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """Everything that can be done in the sandbox."""

    chat: Chat
    desk: Desk
    people: People
    seal: Seal
    languages: Languages
    clock: Clock

    async def messages(self, email: str) -> list[Mapping[str, Any]]:
        """A conversation, newest last; administrators see what stands in channels, too."""
        found = await self.chat.inbox(email)
        if await self._sees_channels(email) and (posts := await self.chat.posts()):
            found = sorted([*found, *posts], key=lambda message: message.id)
        return inbox_json(found)

    async def _sees_channels(self, email: str) -> bool:
        person = await self.people.by_email(email)
        administrators = self.desk.administrators
        return person is not None and (
            person in administrators or administrators.knows(address_of(email))
        )

    async def act(self, email: str, context: str, message: Message | None = None) -> Reply:
        """A button's sealed context comes back: the press itself, without the chat around it."""
        try:
            pressed = await self._opened(email, context, message)
        except VoxpopError as error:
            return await self._refusal(email, error)
        return await self.desk(pressed)

    async def press(self, email: str, message_id: int, button_id: str) -> Mapping[str, Any]:
        """Press a button of a message, as a client does."""
        message = await self.chat.get(message_id)
        if message is None:
            raise NotFound(f"There is no message {message_id}.")
        there = [*message.content["buttons"], *message.content.get("before", ())]
        found = [button for button in there if button["id"] == button_id]
        if found:
            reply = await self.act(email, found[0]["context"], message)
        elif message.inbox != email:
            reply = await self._refusal(email, NotYours("Somebody else's message."))
        else:
            gone = Pressed(
                by=address_of(email),
                act=Act.KEEP,
                value="",
                subject=_subject(message),
                at=self.clock(),
            )
            reply = await self.desk.refuse(OutOfDate(f"There is no button {button_id}."), gone)
        return await self._answer(email, reply, message=message)

    async def submit(
        self, email: str, dialog_id: str, values: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Send a form."""
        try:
            sealed = self.seal.open(dialog_id)
            if sealed.to != address_of(email):
                raise NotYours("Somebody else's form.")
            if sealed.subject is None or not sealed.value.isdecimal():
                raise OutOfDate("That is no form.")
        except VoxpopError as error:
            return await self._answer(email, await self._refusal(email, error), message=None)
        message = await self.chat.get(int(sealed.value))
        reply = await self.desk(
            DialogSubmitted(
                by=address_of(email),
                act=sealed.act,
                subject=sealed.subject,
                values=values,
                at=self.clock(),
                message=None if message is None else ref_of(message),
            )
        )
        answer = await self._answer(email, reply, message=message)
        if not reply.errors:
            return answer
        errors = dict(reply.errors)
        # What is wrong with the form itself, rather than with its words, is told beside it as well.
        told = {} if reply.update is None else {"private_text": next(iter(errors.values()))}
        return {**answer, **told, "errors": errors}

    async def say(self, email: str, text: str, thread_id: int | None) -> Mapping[str, Any]:
        """Write a message, an answer in a thread, or a command."""
        now = self.clock()
        if text.startswith("/"):
            command = CommandTyped(by=address_of(email), text=text, at=now)
            return await self._answer(email, await self.desk(command), message=None)
        root = None if thread_id is None else await self.chat.get(thread_id)
        if thread_id is not None and (root is None or root.inbox != email):
            raise NotFound(f"There is no message {thread_id}.")
        await self.chat.add(email, plain(text), author=Author.PERSON, at=now, thread_id=thread_id)
        subject = None if root is None else _subject(root)
        reply = await self.desk(
            Said(
                by=address_of(email),
                text=text,
                in_thread=root is not None,
                subject=subject,
                at=now,
                message=None if root is None else ref_of(root),
            )
        )
        if root is None and reply.update is not None:
            root = await self._message_about(email, reply.update.subject)
        if reply.thread is not None:
            await self.chat.add(
                email,
                plain(reply.thread),
                author=Author.VOXPOP,
                at=self.clock(),
                thread_id=thread_id,
            )
        return await self._answer(email, reply, message=root)

    async def _opened(self, email: str, context: str, message: Message | None) -> Pressed:
        sealed = self.seal.open(context)
        if not opens_for(sealed, address_of(email)):
            raise NotYours("Sealed for somebody else.")
        if sealed.to.channel is not None and not await self._sees_channels(email):
            raise NotYours("Sealed for a channel that they do not see.")
        return Pressed(
            by=address_of(email),
            act=sealed.act,
            value=sealed.value,
            subject=sealed.subject,
            at=self.clock(),
            message=None if message is None else ref_of(message),
        )

    async def _refusal(self, email: str, error: VoxpopError) -> Reply:
        person = await self.people.by_email(email)
        language = self.languages("en" if person is None else person.locale)
        return Reply(private=Card(headline=refusals.refusal(error, language)))

    async def _message_about(self, email: str, subject: Subject | None) -> Message | None:
        about = [m for m in await self.chat.inbox(email) if _subject(m) == subject]
        return about[-1] if about and subject is not None else None

    async def _answer(
        self, email: str, reply: Reply, *, message: Message | None
    ) -> Mapping[str, Any]:
        """Show a reply: change the message, open the form, say the rest."""
        to = address_of(email)
        said = None if reply.private is None else reply.private.text
        if message is not None and message.inbox.startswith(CHANNEL) and not _shared(reply):
            reply = replace(reply, update=None)  # it stands where others read it
        if reply.update is not None and message is not None:
            private = bool(message.content["private"])
            stands = address_of(message.inbox) if reply.update.shared else to
            content = content_of(reply.update, to=stands, seal=self.seal, private=private)
            there = await self.chat.replace(
                message.id, _remembering(message, content), as_of=reply.update.as_of
            )
            if not there and said is None:  # erased by this very press
                said = reply.update.text
        for card, private in ((reply.private, True), (reply.share, False)):
            if card is not None and (not private or _stays(card)):
                await self.chat.add(
                    email,
                    content_of(card, to=to, seal=self.seal, private=private),
                    author=Author.VOXPOP,
                    at=self.clock(),
                    image=None if card.picture is None else card.picture.png,
                    attachment=card.attachment,
                )
        return {
            "messages": await self.messages(email),
            "dialog": self._dialog(reply, to=to, message=message),
            "private_text": said,
        }

    def _dialog(
        self, reply: Reply, *, to: Address, message: Message | None
    ) -> Mapping[str, Any] | None:
        if reply.dialog is None or message is None:
            return None
        dialog_id = self.seal.close(
            Sealed(act=reply.dialog.act, value=str(message.id), subject=reply.dialog.subject, to=to)
        )
        return dialog_json(reply.dialog, dialog_id=dialog_id)
