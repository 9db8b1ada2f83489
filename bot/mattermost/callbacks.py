"""Where the Mattermost server calls us; the ASGI app mounted at `/mattermost`."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.mattermost.actions import Actions
from bot.mattermost.bodies import Click, Submission, Typed, from_form, from_json
from bot.mattermost.commands import SlashCommands
from bot.mattermost.dialogs import Dialogs


def create_callbacks(*, actions: Actions, dialogs: Dialogs, commands: SlashCommands) -> Starlette:
    """Presses, forms and commands, each answered as the server wants it: 200 and JSON.

    What no server would send is answered with 400, a command without its token with 401.
    """

    async def pressed(request: Request) -> Response:
        return JSONResponse(await actions(await from_json(request, Click)))

    async def submitted(request: Request) -> Response:
        return JSONResponse(await dialogs(await from_json(request, Submission)))

    async def typed(request: Request) -> Response:
        body = await from_form(request, Typed)
        header = request.headers.get("Authorization", "")
        return JSONResponse(await commands(body, authorization=header))

    return Starlette(
        routes=[
            Route("/actions", pressed, methods=["POST"]),
            Route("/dialogs", submitted, methods=["POST"]),
            Route("/commands", typed, methods=["POST"]),
        ]
    )
