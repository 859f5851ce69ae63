"""Passwords, tokens and signed links.

A token says who calls (JWT, HS256) and is short-lived. A signed link lets a browser fetch one thing for some time where
it cannot send a header (EventSource, `<img>`, map tiles, downloads): it names no user and opens nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.errors import LinkRefused, TokenExpired, TokenInvalid
from resources.secrets import secret_file
from training.errors import GeocropError

if TYPE_CHECKING:
    from api.db.tables import User
    from resources.settings import Settings

ALGORITHM = "HS256"
ISSUER = "geocrop"
AUDIENCE = "geocrop-api"
#: Bytes of a key that HS256 asks for (RFC 7518, 3.2).
MIN_SECRET_LENGTH = 32
JWT_SECRET_FILE = "jwt.secret"  # noqa: S105  # a file's name
#: OWASP's smallest Argon2id: 19 MiB and two passes a hash, so that logins do not eat the API's memory.
HASH_MEMORY_KIB = 19 * 1024
HASH_PASSES = 2
HASHES_AT_ONCE = 4
#: Links end at whole steps of this many seconds, so that pages ask for the same tiles by the same address for a while.
LINK_STEP_S = 600

_hasher = PasswordHasher(time_cost=HASH_PASSES, memory_cost=HASH_MEMORY_KIB, parallelism=1)
_hashing = threading.BoundedSemaphore(HASHES_AT_ONCE)


class SecretMissing(GeocropError):
    """Set GEOCROP_JWT_SECRET to at least 32 random characters, such as `openssl rand -base64 48` prints."""

    code: ClassVar[str] = "secret-missing"


@dataclass(frozen=True)
class TokenClaims:
    """What a valid token says."""

    name: str
    role: str
    issued: datetime


def hash_password(password: str) -> str:
    """Return a password's Argon2id hash, salt and parameters in it."""
    with _hashing:
        return _hasher.hash(password)


#: Hash of no password: unknown accounts cost a login as much time as known ones.
_NOBODY = hash_password(base64.b64encode(hashlib.sha256(str(time.time_ns()).encode()).digest()).decode())


def verify_password(password: str, password_hash: str | None) -> bool:
    """Tell whether a password is the hashed one; None (no such account) costs the same work and is False."""
    with _hashing:
        try:
            _hasher.verify(password_hash or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def secret_of(settings: Settings) -> str:
    """Return the key that signs tokens and links.

    Raises:
        SecretMissing: in production it is unset; or it is shorter than 32 characters.

    """
    if settings.jwt_secret is None:
        if settings.environment_kind == "production":
            raise SecretMissing("GEOCROP_JWT_SECRET is not set, and production has no default")
        return secret_file(settings.home / JWT_SECRET_FILE)
    secret = settings.jwt_secret.get_secret_value()
    if len(secret) < MIN_SECRET_LENGTH:
        raise SecretMissing(f"GEOCROP_JWT_SECRET has {len(secret)} characters, less than {MIN_SECRET_LENGTH}")
    return secret


def issue_token(user: User, settings: Settings) -> str:
    """Return a token for a user, good for `token_minutes`."""
    issued = time.time()
    claims = {
        "sub": user.name,
        "role": user.role,
        "iat": issued,
        "exp": issued + settings.token_minutes * 60,
        "iss": ISSUER,
        "aud": AUDIENCE,
    }
    return jwt.encode(claims, secret_of(settings), algorithm=ALGORITHM)


def read_token(token: str, secret: str) -> TokenClaims:
    """Return what a token says.

    Raises:
        TokenExpired: it was good once.
        TokenInvalid: another key, algorithm, issuer or audience, or no token at all.

    """
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["sub", "role", "iat", "exp", "iss", "aud"]},
        )
        return TokenClaims(str(claims["sub"]), str(claims["role"]), datetime.fromtimestamp(float(claims["iat"]), UTC))
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired("The token's time is over.") from error
    except (jwt.InvalidTokenError, ValueError, OverflowError) as error:
        raise TokenInvalid("This is no valid token.") from error


def sign_link(subject: str, expires: timedelta, secret: str) -> str:
    """Return the `token` of a link to one subject (a path or an object), good for at least `expires`."""
    end = math.ceil((time.time() + expires.total_seconds()) / LINK_STEP_S) * LINK_STEP_S
    return f"{end:x}.{_signature(subject, end, secret)}"


def check_link(subject: str, token: str, secret: str) -> None:
    """Raise LinkRefused unless `token` was signed for this subject and is still good."""
    stamp, _, signature = token.partition(".")
    try:
        end = int(stamp[:16], 16)
    except ValueError as error:
        raise LinkRefused("This link is not valid.") from error
    if not hmac.compare_digest(signature.encode(), _signature(subject, end, secret).encode()):
        raise LinkRefused("This link is not valid.")
    if end < time.time():
        raise LinkRefused("This link's time is over.")


def _signature(subject: str, end: int, secret: str) -> str:
    key = hmac.digest(secret.encode(), b"geocrop signed link", hashlib.sha256)  # never the key of tokens
    digest = hmac.digest(key, f"{end:x}\n{subject}".encode(errors="surrogatepass"), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
