"""/bots, tokens, /commands, /config, /system, and what people press."""

from aiohttp import web

from tests.mattermost.commands import Commands
from tests.mattermost.errors import ApiError, bad_body
from tests.mattermost.http import OK, answer, caller, page, told
from tests.mattermost.interactive import Interactive
from tests.mattermost.records import User
from tests.mattermost.state import State


class Setup:
    """What an administrator does before a bot can work."""

    def __init__(self, state: State, commands: Commands) -> None:
        self._state = state
        self._commands = commands

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/bots", self.bots),
            web.post("/bots", self.create_bot),
            web.get("/bots/{user_id}", self.bot),
            web.put("/bots/{user_id}", self.change_bot),
            web.post("/bots/{user_id}/enable", self.enable_bot),
            web.post("/bots/{user_id}/disable", self.disable_bot),
            web.get("/users/{user_id}/tokens", self.tokens),
            web.post("/users/{user_id}/tokens", self.create_token),
            web.post("/users/tokens/revoke", self.revoke_token),
            web.get("/commands", self.commands),
            web.post("/commands", self.create_command),
            web.get("/commands/{command_id:[a-z0-9]{26}}", self.command),
            web.put("/commands/{command_id}", self.update_command),
            web.delete("/commands/{command_id}", self.delete_command),
            web.put("/commands/{command_id}/regen_token", self.new_command_token),
            web.get("/config", self.config),
            web.get("/config/client", self.client_config),
            web.get("/system/ping", self.ping),
        ]

    # Bots and tokens

    async def bots(self, request: web.Request) -> web.Response:
        user = caller(self._state, request)
        gone = request.query.get("include_deleted") == "true"
        found = [
            bot.as_bot()
            for bot in self._state.users.values()
            if bot.is_bot
            and (gone or not bot.delete_at)
            and (user.is_administrator or bot.owner_id == user.id)
        ]
        return answer(page(request, found))

    async def create_bot(self, request: web.Request) -> web.Response:
        user, body = caller(self._state, request), await told(request)
        self._state.require_administrator(user, "create_bot")
        if not self._state.config["ServiceSettings"]["EnableBotAccountCreation"]:
            message = "Bot creation has been disabled."
            raise ApiError(403, "api.bot.create_disabled", message)
        if not body.get("username"):
            raise bad_body("bot")
        bot = self._state.add_user(
            str(body["username"]).lower(),
            email=f"{body['username']}@localhost",
            first_name=body.get("display_name") or "",
            bot_description=body.get("description") or "",
            is_bot=True,
            owner_id=user.id,
        )
        return answer(bot.as_bot(), 201)

    async def bot(self, request: web.Request) -> web.Response:
        bot = self._managed(request)
        if bot.delete_at and request.query.get("include_deleted") != "true":
            raise _no_bot()
        return answer(bot.as_bot())

    async def change_bot(self, request: web.Request) -> web.Response:
        bot, body = self._managed(request), await told(request)
        bot.first_name = body.get("display_name", bot.first_name)
        bot.bot_description = body.get("description", bot.bot_description)
        bot.update_at = self._state.clock.now()
        return answer(bot.as_bot())

    async def enable_bot(self, request: web.Request) -> web.Response:
        bot = self._managed(request)
        self._state.activate(bot)
        return answer(bot.as_bot())

    async def disable_bot(self, request: web.Request) -> web.Response:
        bot = self._managed(request)
        self._state.deactivate(bot)
        return answer(bot.as_bot())

    async def tokens(self, request: web.Request) -> web.Response:
        owner = self._token_owner(request, "read_user_access_token")
        found = [each for each in self._state.access_tokens.values() if each.user_id == owner.id]
        return answer([each.wire() for each in page(request, found)])

    async def create_token(self, request: web.Request) -> web.Response:
        owner, body = self._token_owner(request, "create_user_access_token"), await told(request)
        if not body.get("description"):
            raise bad_body("description")
        if not owner.is_bot and not self._state.config["ServiceSettings"]["EnableUserAccessTokens"]:
            message = "Personal access tokens are disabled on this server. "
            message += "Please contact your system administrator for details."
            raise ApiError(501, "app.user_access_token.disabled", message)
        return answer(self._state.add_token(owner, str(body["description"])).wire(secret=True))

    async def revoke_token(self, request: web.Request) -> web.Response:
        user, body = caller(self._state, request), await told(request)
        for made in list(self._state.access_tokens.values()):
            if made.id == body.get("token_id"):
                if made.user_id != user.id:
                    self._state.require_administrator(user, "revoke_user_access_token")
                self._state.revoke(made.token)
                return answer(OK)
        raise bad_body("token_id")

    def _managed(self, request: web.Request) -> User:
        user = caller(self._state, request)
        bot = self._state.users.get(request.match_info["user_id"])
        if bot is None or not bot.is_bot:
            raise _no_bot()
        if not user.is_administrator and bot.owner_id != user.id:
            raise _no_bot()
        return bot

    def _token_owner(self, request: web.Request, permission: str) -> User:
        user, named = caller(self._state, request), request.match_info["user_id"]
        owner = user if named == "me" else self._state.user(named)
        self._state.require_administrator(user, permission)
        return owner

    # Slash commands

    async def commands(self, request: web.Request) -> web.Response:
        user, team_id = caller(self._state, request), request.query.get("team_id", "")
        self._state.require_team(user, team_id, "manage_slash_commands")
        found = [each for each in self._state.commands.values() if each.team_id == team_id]
        return answer([command.wire() for command in found])

    async def create_command(self, request: web.Request) -> web.Response:
        user = caller(self._state, request)
        return answer(self._commands.create(user, await told(request)).wire(), 201)

    async def command(self, request: web.Request) -> web.Response:
        user = caller(self._state, request)
        return answer(self._commands.managed(user, request.match_info["command_id"]).wire())

    async def update_command(self, request: web.Request) -> web.Response:
        user, command_id = caller(self._state, request), request.match_info["command_id"]
        return answer(self._commands.update(user, command_id, await told(request)).wire())

    async def delete_command(self, request: web.Request) -> web.Response:
        user = caller(self._state, request)
        command = self._commands.managed(user, request.match_info["command_id"])
        del self._state.commands[command.id]
        return answer(OK)

    async def new_command_token(self, request: web.Request) -> web.Response:
        user = caller(self._state, request)
        command = self._commands.managed(user, request.match_info["command_id"])
        return answer({"token": self._commands.new_token(command)})

    # The server itself

    async def config(self, request: web.Request) -> web.Response:
        user = caller(self._state, request)
        self._state.require_administrator(user, "manage_system")
        return answer(self._state.config)

    async def client_config(self, request: web.Request) -> web.Response:
        if request.query.get("format") != "old":
            name = "api.config.client.old_format.app_error"
            message = "New format for the client configuration is not supported yet."
            raise ApiError(501, name, message)
        shown = {
            "AsymmetricSigningPublicKey": self._state.signing.public,
            "Version": self._state.version,
            "BuildNumber": "dev",
            "SiteURL": self._state.config["ServiceSettings"]["SiteURL"],
        }
        return answer(shown)

    async def ping(self, _: web.Request) -> web.Response:
        return answer({"status": "OK"})


class Pressing:
    """Buttons, dialogs, commands as they are typed, and the late answers to them."""

    def __init__(self, state: State, interactive: Interactive, commands: Commands) -> None:
        self._state = state
        self._interactive = interactive
        self._commands = commands

    def routes(self) -> list[web.RouteDef]:
        action = "/posts/{post_id:[A-Za-z0-9]+}/actions/{action_id:[A-Za-z0-9]+}"
        return [
            web.post(action, self.press),
            web.post("/actions/dialogs/open", self.open_dialog),
            web.post("/actions/dialogs/submit", self.submit_dialog),
            web.post("/commands/execute", self.execute),
        ]

    async def press(self, request: web.Request) -> web.Response:
        user, body = caller(self._state, request), await told(request)
        post_id, action_id = request.match_info["post_id"], request.match_info["action_id"]
        return answer(await self._interactive.press(user, post_id, action_id, body))

    async def open_dialog(self, request: web.Request) -> web.Response:
        """No session is asked for: the trigger says enough."""
        self._interactive.open_dialog(await told(request))
        return answer(OK)

    async def submit_dialog(self, request: web.Request) -> web.Response:
        user, body = caller(self._state, request), await told(request)
        return answer(await self._interactive.submit_dialog(user, body))

    async def execute(self, request: web.Request) -> web.Response:
        user, body = caller(self._state, request), await told(request)
        return answer(await self._commands.execute(user, body))

    async def answer_late(self, request: web.Request) -> web.Response:
        body, kind = await request.text(), request.headers.get("Content-Type", "")
        self._commands.answer_late(request.match_info["hook_id"], kind, body)
        return web.Response(body=b"ok", headers={"Content-Type": "text/plain"})


def _no_bot() -> ApiError:
    message = "Unable to get the bot."
    return ApiError(404, "store.sql_bot.get.missing.app_error", message)
