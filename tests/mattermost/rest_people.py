"""/users, /teams and /channels."""

from typing import Any

from aiohttp import web

from tests.mattermost.errors import ApiError, bad_body, forbidden
from tests.mattermost.http import answer, caller, page, told, told_ids
from tests.mattermost.records import User
from tests.mattermost.state import State
from tests.mattermost.websocket import Hub


class People:
    """Who there is, and where they meet."""

    def __init__(self, state: State, hub: Hub) -> None:
        self._state = state
        self._hub = hub

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/users", self.users),
            web.post("/users/ids", self.by_ids),
            web.post("/users/usernames", self.by_usernames),
            web.post("/users/login", self.log_in),
            web.get("/users/email/{email}", self.by_email),
            web.get("/users/username/{username}", self.by_username),
            web.get("/users/{user_id}", self.by_id),
            web.get("/users/{user_id}/teams", self.teams_of),
            web.get("/users/{user_id}/channels", self.channels_of),
            web.get("/users/{user_id}/teams/{team_id}/channels", self.channels_of),
            web.get("/teams", self.teams),
            web.get("/teams/name/{name}", self.team_by_name),
            web.get("/teams/{team_id}", self.team),
            web.get("/teams/{team_id}/members", self.team_members),
            web.post("/teams/{team_id}/members", self.join_team),
            web.get("/teams/{team_id}/members/{user_id}", self.team_member),
            web.get("/teams/{team_id}/channels/name/{name}", self.channel_by_name),
            web.post("/channels/direct", self.direct),
            web.get("/channels/{channel_id}", self.channel),
            web.get("/channels/{channel_id}/members", self.channel_members),
            web.post("/channels/{channel_id}/members", self.join_channel),
        ]

    # Users

    async def users(self, request: web.Request) -> web.Response:
        user, query = caller(self._state, request), request.query
        found = sorted(self._state.users.values(), key=lambda each: each.username)
        if "in_team" in query:
            team = self._state.require_team(user, query["in_team"], "view_team")
            found = [each for each in found if each.id in team.members]
        if "in_channel" in query:
            place = self._state.require_channel(user, query["in_channel"], "read_channel")
            found = [each for each in found if each.id in place.members]
        if query.get("active") == "true":
            found = [each for each in found if not each.delete_at]
        if query.get("inactive") == "true":
            found = [each for each in found if each.delete_at]
        return answer([self._state.shown(each, user) for each in page(request, found)])

    async def by_ids(self, request: web.Request) -> web.Response:
        user, wanted = caller(self._state, request), await told_ids(request, "user_ids")
        found = [self._state.users[each] for each in wanted if each in self._state.users]
        return answer([self._state.shown(each, user) for each in found])

    async def by_usernames(self, request: web.Request) -> web.Response:
        user, wanted = caller(self._state, request), set(await told_ids(request, "usernames"))
        found = [each for each in self._state.users.values() if each.username in wanted]
        return answer([self._state.shown(each, user) for each in found])

    async def by_email(self, request: web.Request) -> web.Response:
        user, email = caller(self._state, request), request.match_info["email"]
        if not (user.is_administrator or self._state.config["PrivacySettings"]["ShowEmailAddress"]):
            name = "api.user.get_user_by_email.permissions.app_error"
            raise ApiError(403, name, "Unable to get user by email.", f"userId={user.id}")
        return self._one(self._state.user_with_email(email), user)

    async def by_username(self, request: web.Request) -> web.Response:
        user = caller(self._state, request)
        return self._one(self._state.user_named(request.match_info["username"]), user)

    async def by_id(self, request: web.Request) -> web.Response:
        user = caller(self._state, request)
        return self._one(self._named(request, user), user)

    async def log_in(self, request: web.Request) -> web.Response:
        body = await told(request)
        login, password = str(body.get("login_id")), str(body.get("password"))
        known = [
            each
            for each in self._state.users.values()
            if login in {each.username, each.email} and each.password and not each.delete_at
        ]
        if not known or known[0].password != password:
            message = "Enter a valid email or username and/or password."
            raise ApiError(401, "api.user.login.invalid_credentials_email_username", message)
        shown = answer(self._state.shown(known[0], known[0]))
        shown.headers["Token"] = self._state.log_in(known[0])
        return shown

    def _one(self, found: User, user: User) -> web.Response:
        etag = f"{self._state.version}.{found.id}.{found.update_at}..0.true.true.0"
        return answer(self._state.shown(found, user), etag=etag)

    def _named(self, request: web.Request, user: User) -> User:
        user_id = request.match_info["user_id"]
        return user if user_id == "me" else self._state.user(user_id)

    def _own(self, request: web.Request) -> User:
        user = caller(self._state, request)
        found = self._named(request, user)
        if not self._state.may_see_private(user, found):
            raise forbidden(user.id, "edit_other_users")
        return found

    # Teams

    async def teams_of(self, request: web.Request) -> web.Response:
        user = self._own(request)
        found = [team for team in self._state.teams.values() if user.id in team.members]
        return answer([team.wire() for team in found])

    async def teams(self, request: web.Request) -> web.Response:
        caller(self._state, request)
        found = sorted(self._state.teams.values(), key=lambda team: team.display_name)
        return answer([team.wire() for team in page(request, found)])

    async def team_by_name(self, request: web.Request) -> web.Response:
        caller(self._state, request)
        name = request.match_info["name"]
        for team in self._state.teams.values():
            if team.name == name:
                return answer(team.wire())
        message = "Unable to find the existing team."
        raise ApiError(404, "app.team.get_by_name.missing.app_error", message)

    async def team(self, request: web.Request) -> web.Response:
        caller(self._state, request)
        team = self._state.teams.get(request.match_info["team_id"])
        if team is None:
            message = "Unable to find the existing team."
            raise ApiError(404, "app.team.get.find.app_error", message)
        return answer(team.wire())

    async def team_members(self, request: web.Request) -> web.Response:
        user = caller(self._state, request)
        team = self._state.require_team(user, request.match_info["team_id"], "view_team")
        return answer([team.member(each) for each in page(request, list(team.members))])

    async def team_member(self, request: web.Request) -> web.Response:
        user = caller(self._state, request)
        team = self._state.require_team(user, request.match_info["team_id"], "view_team")
        found = self._named(request, user)
        if found.id not in team.members:
            message = "No team member found for that user ID and team ID."
            raise ApiError(404, "app.team.get_member.missing.app_error", message)
        return answer(team.member(found.id))

    async def join_team(self, request: web.Request) -> web.Response:
        user, body = caller(self._state, request), await told(request)
        team_id = request.match_info["team_id"]
        if body.get("team_id") != team_id:
            raise bad_body("team_id")
        team = self._state.require_team(user, team_id, "add_user_to_team")
        joining = self._state.user(str(body.get("user_id")))
        if joining.id not in team.members:
            self._state.join(team, joining)
        return answer(team.member(joining.id), 201)

    # Channels

    async def channels_of(self, request: web.Request) -> web.Response:
        user = self._own(request)
        team_id = request.match_info.get("team_id")
        found = [
            channel.wire()
            for channel in self._state.channels.values()
            if user.id in channel.members and (not team_id or channel.team_id in {"", team_id})
        ]
        return answer(found)

    async def direct(self, request: web.Request) -> web.Response:
        user, wanted = caller(self._state, request), await told_ids(request, "user_ids")
        if len(wanted) != 2:
            raise bad_body("user_ids")
        if user.id not in wanted:
            self._state.require_administrator(user, "manage_system")
        if any(each not in self._state.users for each in wanted):
            name = "api.channel.create_direct_channel.invalid_user.app_error"
            raise ApiError(400, name, "Invalid user ID.")
        channel, new = self._state.direct(wanted[0], wanted[1])
        if new:
            data = {"creator_id": wanted[0], "teammate_id": wanted[1]}
            self._hub.publish("direct_added", data, channel=channel.id)
        return answer(channel.wire(), 201)

    async def channel(self, request: web.Request) -> web.Response:
        user, channel_id = caller(self._state, request), request.match_info["channel_id"]
        if channel_id not in self._state.channels:
            message = "Unable to find the existing channel."
            raise ApiError(404, "app.channel.get.existing.app_error", message)
        found = self._state.require_channel(user, channel_id, "read_channel")
        return answer(found.wire())

    async def channel_by_name(self, request: web.Request) -> web.Response:
        user, info = caller(self._state, request), request.match_info
        self._state.require_team(user, info["team_id"], "view_team")
        return answer(self._state.channel_named(info["team_id"], info["name"]).wire())

    async def channel_members(self, request: web.Request) -> web.Response:
        user, channel_id = caller(self._state, request), request.match_info["channel_id"]
        found = self._state.require_channel(user, channel_id, "read_channel")
        members: list[dict[str, Any]] = [found.member(each) for each in sorted(found.members)]
        return answer(page(request, members))

    async def join_channel(self, request: web.Request) -> web.Response:
        user, body = caller(self._state, request), await told(request)
        channel_id = request.match_info["channel_id"]
        place = self._state.require_channel(user, channel_id, "manage_public_channel_members")
        joining = self._state.user(str(body.get("user_id")))
        if joining.id not in self._state.teams[place.team_id].members:
            raise forbidden(joining.id, "view_team")
        place.members.add(joining.id)
        return answer(place.member(joining.id), 201)
