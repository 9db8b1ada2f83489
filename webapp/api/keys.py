"""Who may call: keys, their roles, and what is noted of those that open nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from survey.audit import Entry, plain
from survey.errors import NotAllowed
from survey.ports import AuditLog, Clock, Key, Keys, Role
from webapp.api.limits import OFTEN, Allowance
from webapp.api.once import Once, call_of
from webapp.throttle import Networks, Throttle, client_of

BEARER = HTTPBearer(
    scheme_name="key",
    bearerFormat="a key of `voxpop key create`",
    description="`Authorization: Bearer KEY`. Roles: owner, admin, ingest; each may do what those "
    "after it may.",
    auto_error=False,
)
NOBODY = "an unknown key"
"""Who used a key that we don't have, as the audit log names them."""
NOTED = "600/hour"
"""How many refusals the audit log gets: it must not be filled from outside."""

log = structlog.get_logger()


def by(key: Key) -> str:
    """Whoever uses a key, as the audit log names them."""
    return plain(f"key {key.name}")


@dataclass(frozen=True, kw_only=True)
class Access:
    """Checks keys. Whatever comes is looked up alike, so that time tells nothing of it.

    Attributes:
        once: Tells again what was answered before; None where nothing is kept.
        usual: Counts the calls of each key.
        often: Counts those that tell what happens.
        throttle: Counts by client what opens nothing; genuine keys never wait.
        proxies: Whom we believe where a request comes from.
        noted: Counts what the audit log got.
    """

    keys: Keys
    audit: AuditLog
    clock: Clock
    throttle: Throttle
    proxies: Networks = ()
    once: Once | None = None
    usual: Allowance = field(default_factory=Allowance)
    often: Allowance = field(default_factory=lambda: Allowance(OFTEN))
    noted: Throttle = field(default_factory=lambda: Throttle(NOTED))

    def requires(self, role: Role, *, often: bool = False) -> Callable[..., Awaitable[Key]]:
        """A dependency: the key with which a request comes.

        It answers 401 without a key that opens anything, 429 if such keys come too often or this
        one does, 403 if the key's role is not enough, and what it answered before to a request
        that is sent again (`webapp.api.once`).

        Args:
            role: That the key has at least.
            often: For what programs tell with each click of their users: the higher limit holds.
        """
        allowance = self.often if often else self.usual

        async def key(
            request: Request,
            given: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
        ) -> Key:
            if given is None:
                raise _unauthorized("This needs `Authorization: Bearer KEY`.", "")
            found = await self.keys.find(given.credentials)
            if found is None:
                await self.refused(request)
                raise _unauthorized(
                    "This key opens nothing: it was revoked, or there never was one like it.",
                    ', error="invalid_token"',
                )
            if not found.role.may(role):
                await self._note(by(found), request, f"{found.role.value} is not {role.value}")
                raise NotAllowed(f"This needs a key of the role {role.value}.")
            _take(allowance, found, request)
            if self.once is not None:
                await self.once.begin(request, caller=found.name, secret=given.credentials)
            return found

        return key

    async def refused(self, request: Request) -> None:
        """Count and note it; whoever fails too often is told to wait, and nothing is noted."""
        wait = self.throttle.failed(client_of(request.scope, self.proxies))
        if wait:
            raise HTTPException(
                HTTPStatus.TOO_MANY_REQUESTS,
                "Too many keys that open nothing came from where you are.",
                {"Retry-After": str(wait)},
            )
        await self._note(NOBODY, request, "refused")

    async def _note(self, actor: str, request: Request, why: str) -> None:
        log.warning("key_refused", route=_route(request), why=why)
        if self.noted.failed(actor):
            return
        entry = Entry(
            at=self.clock(),
            actor=actor,
            action="key.refused",
            about=plain(f"{request.method} {_route(request)}: {why}"),
        )
        await self.audit.append(entry)


def _take(allowance: Allowance, key: Key, request: Request) -> None:
    taken = allowance.take(key.name)
    call_of(request).headers.update(taken.headers)
    if taken.wait:
        raise HTTPException(
            HTTPStatus.TOO_MANY_REQUESTS,
            "This key calls too often.",
            {"Retry-After": str(taken.wait)},
        )


def _route(request: Request) -> str:
    """The address without what stands in it: tokens are no business of any log."""
    return str(getattr(request.scope.get("route"), "path", "unknown"))


def _unauthorized(says: str, more: str) -> HTTPException:
    challenge: Mapping[str, str] = {"WWW-Authenticate": f'Bearer realm="voxpop"{more}'}
    return HTTPException(HTTPStatus.UNAUTHORIZED, says, dict(challenge))
