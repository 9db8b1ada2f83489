"""/posts, /files, and a channel's posts."""

from typing import Any

from aiohttp import web

from tests.mattermost.errors import ApiError, bad_body, bad_url, forbidden
from tests.mattermost.http import LONGEST_PAGE, OK, answer, caller, number, told
from tests.mattermost.identity import new_id
from tests.mattermost.posts import Posts
from tests.mattermost.records import Post, User
from tests.mattermost.state import State


class Messages:
    """What people and bots write and read."""

    def __init__(self, state: State, posts: Posts) -> None:
        self._state = state
        self._posts = posts

    def routes(self) -> list[web.RouteDef]:
        post = "/posts/{post_id:[A-Za-z0-9]+}"
        return [
            web.post("/posts", self.create),
            web.post("/posts/ephemeral", self.whisper),
            web.get(post, self.get),
            web.put(post, self.update),
            web.delete(post, self.delete),
            web.put(f"{post}/patch", self.patch),
            web.get(f"{post}/thread", self.thread),
            web.get("/channels/{channel_id:[A-Za-z0-9]+}/posts", self.in_channel),
            web.post("/files", self.upload),
            web.get("/files/{file_id:[A-Za-z0-9]+}", self.download),
            web.get("/files/{file_id:[A-Za-z0-9]+}/info", self.file_info),
        ]

    async def create(self, request: web.Request) -> web.Response:
        user = caller(self._state, request)
        return answer(self._posts.create(user, await told(request)), 201)

    async def whisper(self, request: web.Request) -> web.Response:
        user, body = caller(self._state, request), await told(request)
        self._state.require_administrator(user, "create_post_ephemeral")
        post, now = body.get("post") or {}, self._state.clock.now()
        self._state.require_channel(user, str(post.get("channel_id")), "create_post")
        made = Post(
            id=new_id(),
            create_at=now,
            update_at=now,
            user_id=str(body.get("user_id")),
            channel_id=post["channel_id"],
            message=str(post.get("message") or ""),
        )
        return answer(self._posts.whisper(made), 201)

    async def get(self, request: web.Request) -> web.Response:
        user, post = self._sought(request)
        self._state.require_channel(user, post.channel_id, "read_channel")
        return answer(post.wire(), etag=f"{self._state.version}.{post.id}.{post.update_at}")

    async def update(self, request: web.Request) -> web.Response:
        user, post_id, body = caller(self._state, request), self._id(request), await told(request)
        if body.get("id") != post_id:
            raise bad_body("id")
        post = self._editable(user, post_id)
        message = str(body.get("message") or "")
        return answer(self._posts.edit(post, message=message, props=body.get("props") or {}))

    async def patch(self, request: web.Request) -> web.Response:
        user, post_id, body = caller(self._state, request), self._id(request), await told(request)
        post = self._editable(user, post_id)
        message = str(body.get("message", post.message))
        return answer(self._posts.edit(post, message=message, props=body.get("props")))

    async def delete(self, request: web.Request) -> web.Response:
        user, post = self._sought(request)
        self._posts.delete(user, post.id)
        return answer(OK)

    async def thread(self, request: web.Request) -> web.Response:
        user, post = self._sought(request)
        self._state.require_channel(user, post.channel_id, "read_channel")
        root = post.root_id or post.id
        found = [
            each
            for each in self._posts.in_channel(post.channel_id)
            if root in {each.id, each.root_id} and not each.delete_at
        ]
        return answer(self._posts.listed(found, next_post_id="", prev_post_id=""))

    async def in_channel(self, request: web.Request) -> web.Response:
        user, query = caller(self._state, request), request.query
        channel_id = request.match_info["channel_id"]
        self._state.require_channel(user, channel_id, "read_channel")
        everything = self._posts.in_channel(channel_id)
        newest = max((post.update_at for post in everything), default=0)
        etag = f"{self._state.version}.{newest}"
        if "since" in query:
            since = number(request, "since", 0)
            found = [post for post in everything if post.update_at > since]
            return answer(self._posts.listed(found, next_post_id="", prev_post_id=""), etag=etag)
        alive = [post for post in everything if not post.delete_at]
        first, last = _window(alive, request)
        edges = {
            "next_post_id": alive[first - 1].id if 0 < first <= len(alive) else "",
            "prev_post_id": alive[last].id if last < len(alive) else "",
        }
        return answer(self._posts.listed(alive[first:last], **edges), etag=etag)

    async def upload(self, request: web.Request) -> web.Response:
        user = caller(self._state, request)
        if not self._state.config["FileSettings"]["EnableFileAttachments"]:
            message = "File attachments have been disabled on this server."
            raise ApiError(501, "api.file.attachments.disabled.app_error", message)
        form = await request.post()
        channel_id = str(form.get("channel_id") or request.query.get("channel_id") or "")
        self._state.require_channel(user, channel_id, "upload_file")
        kept = [self._keep(user, each) for each in form.getall("files", [])]
        if not kept:
            message = "Unable to upload file(s). No file was sent."
            raise ApiError(400, "api.file.upload_file.incorrect_number_of_files.app_error", message)
        shown = [_info(file) for file in kept]
        clients = [str(each) for each in form.getall("client_ids", [])]
        return answer({"file_infos": shown, "client_ids": clients}, 201)

    async def download(self, request: web.Request) -> web.Response:
        file = self._file(request)
        return web.Response(body=file["content"], content_type=file["mime_type"])

    async def file_info(self, request: web.Request) -> web.Response:
        return answer(_info(self._file(request)))

    def _id(self, request: web.Request) -> str:
        return request.match_info["post_id"]

    def _sought(self, request: web.Request) -> tuple[User, Post]:
        return caller(self._state, request), self._posts.get(self._id(request))

    def _editable(self, user: User, post_id: str) -> Post:
        post = self._state.posts.get(post_id)
        if post is None or post.delete_at:
            raise forbidden(user.id, "edit_post")
        if post.user_id != user.id:
            self._state.require_administrator(user, "edit_others_posts")
        limit = self._state.config["ServiceSettings"]["PostEditTimeLimit"]
        if limit >= 0 and self._state.clock.now() > post.create_at + limit * 1000:
            message = (
                f"Post edit is only allowed for {limit} seconds. "
                "Please ask your System Administrator for details."
            )
            raise ApiError(400, "api.post.update_post.permissions_time_limit.app_error", message)
        return post

    def _keep(self, user: User, sent: Any) -> dict[str, Any]:
        if not isinstance(sent, web.FileField):
            raise bad_body("files")
        content, now = sent.file.read(), self._state.clock.now()
        if len(content) > self._state.config["FileSettings"]["MaxFileSize"]:
            message = "Unable to upload file. File is too large."
            raise ApiError(413, "api.file.upload_file.too_large_detailed.app_error", message)
        file: dict[str, Any] = {
            "id": new_id(),
            "user_id": user.id,
            "post_id": "",
            "create_at": now,
            "update_at": now,
            "delete_at": 0,
            "name": sent.filename,
            "extension": sent.filename.rpartition(".")[2],
            "size": len(content),
            "mime_type": sent.content_type,
            "content": content,
        }
        self._state.files[file["id"]] = file
        return file

    def _file(self, request: web.Request) -> dict[str, Any]:
        user = caller(self._state, request)
        file = self._state.files.get(request.match_info["file_id"])
        if file is None:
            raise bad_url("file_id")
        if file["user_id"] != user.id:
            self._state.require_post(user, file["post_id"], "read_channel")
        return file


def _info(file: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in file.items() if key != "content"}


def _window(posts: list[Post], request: web.Request) -> tuple[int, int]:
    """From where to where, newest first."""
    query = request.query
    size = min(number(request, "per_page", 60), LONGEST_PAGE)
    skipped = number(request, "page", 0) * size
    at = {post.id: number for number, post in enumerate(posts)}
    if "before" in query:
        first = at.get(query["before"], len(posts)) + 1 + skipped
        return first, first + size
    if "after" in query:
        last = max(at.get(query["after"], 0) - skipped, 0)
        return max(last - size, 0), last
    return skipped, skipped + size
