"""What the routes share: the service of the app, the bearer token, and who is admitted."""

from ipaddress import IPv6Address, ip_address
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from rapport.types import ConversationId
from ui import auth
from ui.api.schemas import Failure
from ui.api.service import Service

_bearer = HTTPBearer(auto_error=False, description="A conversation's own token, or the staff token.")
# One of these says that a proxy has sent the request on.
FORWARDING = frozenset({"forwarded", "via", "x-forwarded-for", "x-real-ip"})


def service_of(request: Request) -> Service:
    """The service that the app's start has made."""
    return cast(Service, request.app.state.service)


def token_of(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str:
    """The bearer token, or nothing."""
    return credentials.credentials if credentials else ""


Shared = Annotated[Service, Depends(service_of)]
Token = Annotated[str, Depends(token_of)]


def admitted(id: str, service: Shared, token: Token) -> ConversationId:
    """The conversation in the path, for its opener and for staff."""
    return service.admit(id, token)


def staff_only(service: Shared, token: Token) -> None:
    """Pass staff alone."""
    auth.require_staff(service.settings, token)


def counters_for(request: Request, service: Shared, token: Token) -> None:
    """Pass those who may read the counters by `server.metrics`."""
    readers = service.settings.server.metrics
    if not (readers == "public" or (readers == "local" and is_local(request))):
        auth.require_staff(service.settings, token)


def is_local(request: Request) -> bool:
    """Whether somebody on this machine asks, and not a proxy here for somebody else."""
    try:
        address = ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback and not FORWARDING & set(request.headers)


Admitted = Annotated[ConversationId, Depends(admitted)]
StaffOnly = Depends(staff_only)
CountersOnly = Depends(counters_for)


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The failures of a route, for the reference: all of one shape."""
    return {status: {"model": Failure} for status in (*statuses, 422, 429)}
