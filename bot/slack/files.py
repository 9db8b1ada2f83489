"""A card's picture and file, shown in the conversation that its message stands in."""

import structlog

from bot.slack.client import SlackApi
from bot.slack.says import SlackSays
from bot.slack.workspaces import Workspaces, text_in
from survey.card import Card
from survey.errors import VoxpopError

log = structlog.get_logger()


async def upload(workspaces: Workspaces, workspace: str, card: Card, *, channel: str) -> bool:
    """Show them below the message; whether they are there. A message counts without them.

    Args:
        workspaces: With their tokens.
        workspace: Where.
        card: What has a picture or a file; nothing happens where it has neither.
        channel: The conversation's id; that of a person will not do.
    """
    api = workspaces.api
    parts: list[tuple[str, str | None, bytes]] = []
    if (picture := card.picture) is not None:
        parts.append((picture.name, picture.text, picture.png))
    if (file := card.attachment) is not None:
        parts.append((file.name, None, file.content))
    if not parts:
        return True
    try:
        token = await workspaces.token(workspace)
        files = [await _uploaded(api, part, token=token) for part in parts]
        await api.call("files.completeUploadExternal", token=token, files=files, channel_id=channel)
    except VoxpopError as error:
        reason = str(error) if isinstance(error, SlackSays) else error.code
        log.warning("slack_file_not_shown", reason=reason)
        return False
    return True


async def _uploaded(
    api: SlackApi, part: tuple[str, str | None, bytes], *, token: str
) -> dict[str, str]:
    name, text, content = part
    told = await api.call(
        "files.getUploadURLExternal",
        token=token,
        filename=name,
        length=len(content),
        alt_txt=text,
    )
    await api.upload(text_in(told, "upload_url"), content)
    return {"id": text_in(told, "file_id"), "title": name}
