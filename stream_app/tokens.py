"""Bearer tokens with a role and scopes (JWT, HS256 only)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import jwt

from stream_app.settings import Tokens

Role = Literal["greeter", "agent", "manager", "ops", "auditor"]
ROLES: tuple[str, ...] = get_args(Role)
ALGORITHM = "HS256"
PROFILE_ROLES = frozenset({"manager", "ops", "auditor"})


class BadToken(Exception):
    """A token that is missing, forged, expired or of no use here; the text may be shown to the caller."""


@dataclass(frozen=True)
class Bearer:
    """Who calls: a role and scopes such as `queue:fraud` or `branch:B001`."""

    role: str
    scopes: tuple[str, ...]


def make(settings: Tokens, role: str, scopes: Sequence[str], now_seconds: int) -> str:
    """Return a signed token that is valid for `settings.hours` from `now_seconds` (epoch)."""
    claims = {"role": role, "scope": list(scopes), "iat": now_seconds, "exp": now_seconds + settings.hours * 3_600}
    return jwt.encode(claims, settings.key.get_secret_value(), ALGORITHM)


def read(settings: Tokens, authorization: str) -> Bearer:
    """Check the `Authorization` header's token; raise BadToken when it does not hold."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise BadToken("a bearer token is needed")
    try:
        claims = jwt.decode(token, settings.key.get_secret_value(), [ALGORITHM], options={"require": ["exp", "role"]})
    except jwt.InvalidTokenError as error:
        raise BadToken("the token does not hold") from error
    if claims["role"] not in ROLES:
        raise BadToken("the token's role is unknown")
    return Bearer(claims["role"], tuple(claims.get("scope", ())))
