"""Who is behind a request: a customer vouched for by the company's site, the opener of a conversation, or staff.

Three secrets, kept apart: `verify.secret` signs the site's identity tokens, `server.staff_token` opens the staff
routes, and a key made in the home signs the token of each conversation.
"""

import hashlib
import hmac
import os
import secrets
import stat
import uuid
from datetime import timedelta
from pathlib import Path

from crm.store import Store, StoreBusy
from rapport.errors import SettingsError, UserError
from rapport.paths import Home
from rapport.records import CustomerId
from rapport.settings import Settings
from rapport.types import ConversationId, Identity, Viewer
from retrieval.locks import locked

KEY_FILE = "server.key"
SHORTEST_SECRET = 32
LEEWAY = timedelta(seconds=10)  # clocks of the site and of this server differ a little


class Unauthorized(UserError):
    """The request does not prove who is behind it. An HTTP matter, so it is defined here and not among the errors."""


def server_key(home: Home) -> bytes:
    """The key that signs conversation tokens; made on first use, readable by the owner only.

    Raises SettingsError where the home cannot be written or the file does not hold a key.
    """
    path = home.root / KEY_FILE
    try:
        if not path.exists():
            with locked(path.with_name(f".{KEY_FILE}.lock")):  # of two servers that start at once, one makes the key
                _make_key(path)
        key = path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read or written ({error.strerror}).", hint="Check the home's rights."
        ) from error
    if len(key) < SHORTEST_SECRET:
        raise SettingsError(f"{path} does not hold a key.", hint="Delete it; a new one is made.")
    return key


def _make_key(path: Path) -> None:
    """Put a new key in place, whole or, after a kill, not at all."""
    if path.exists():
        return
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def conversation_token(key: bytes, conversation: ConversationId) -> str:
    """The secret of one conversation: who has it opened it. Nothing is stored; it is recomputed to compare."""
    return hmac.new(key, f"conversation:{conversation}".encode(), hashlib.sha256).hexdigest()


def opens(key: bytes, conversation: ConversationId, token: str) -> bool:
    """Whether the token is that conversation's, compared in constant time."""
    return hmac.compare_digest(conversation_token(key, conversation).encode(), token.encode("utf-8", "replace"))


def is_staff(settings: Settings, token: str) -> bool:
    """Whether the token is the staff's. Never true while no staff token is set."""
    expected = settings.server.staff_token
    return bool(expected) and hmac.compare_digest(expected.encode(), token.encode("utf-8", "replace"))


def require_staff(settings: Settings, token: str) -> None:
    """Pass staff. Raises Unauthorized for anybody else, and says so where no staff token is set."""
    if not settings.server.staff_token:
        raise Unauthorized("no staff token is set.", hint="Set one: rapport settings server.staff_token TOKEN")
    if not is_staff(settings, token):
        raise Unauthorized("this needs the staff token.", hint="Send it as: Authorization: Bearer TOKEN")


def verified_viewer(settings: Settings, store: Store, identity_token: str) -> Viewer:
    """The customer that the company's site vouches for with a signed token.

    The token is a JWT signed with HS256 and `verify.secret`; `exp` is required and `sub` is the customer's key,
    unique source id or e-mail. Raises Unauthorized where it is not valid or names nobody.
    """
    import jwt

    secret = settings.verify.secret
    if not secret:
        raise Unauthorized("identity tokens are not accepted here.", hint="Set verify.secret to accept them.")
    if len(secret) < SHORTEST_SECRET:
        raise SettingsError(f"verify.secret has {len(secret)} characters.", hint=f"Use {SHORTEST_SECRET} or more.")
    try:
        claims = jwt.decode(
            identity_token, secret, algorithms=["HS256"], leeway=LEEWAY, options={"require": ["exp", "sub"]}
        )
    except jwt.ExpiredSignatureError:
        raise Unauthorized("the identity token has expired.", hint="Have the site sign a new one.") from None
    except jwt.InvalidTokenError:
        raise Unauthorized(
            "the identity token is not valid.", hint="Sign it with HS256 and verify.secret; it needs sub and exp."
        ) from None
    return Viewer(_customer_named(store, claims["sub"]), Identity.VERIFIED)


def _customer_named(store: Store, reference: str) -> CustomerId:
    try:
        customer = store.find_customer(reference)
    except (SettingsError, StoreBusy):
        raise
    except UserError:  # several fit, or it cannot be a name: the bearer must not learn other customers' keys
        raise Unauthorized(
            "the identity token names no single customer.", hint="Put the customer's key in sub."
        ) from None
    if customer is None:
        raise Unauthorized("the identity token names no customer.", hint="sub is the customer's id or e-mail.")
    return customer.id
