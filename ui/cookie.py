"""What the browser keeps of a sign-in: a signed token that says whose it is, until when, and under which password.

The library's own token says neither the password nor can it be called back: who signs out on a shared computer must be
signed out whatever the browser still holds, and a new password ends what was signed in with the old one.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import jwt

from octcore.store import Store, User

NAME = "oct_studio"
LASTING = timedelta(days=30)
KEY = "cookie_key"
"""The store's setting that holds the signing key."""


def expiry() -> datetime:
    """When a token that is made now ends (the browser's cookie too)."""
    return datetime.now() + LASTING


def token_for(user: User, store: Store) -> str:
    """A token, as streamlit-authenticator reads it (``username``, ``exp_date`` in seconds), with a mark of the password."""
    said = {"username": user.username, "exp_date": expiry().timestamp(), "password": _mark(user)}
    return jwt.encode(said, store.setting(KEY), algorithm="HS256")


def counts(token: str, store: Store) -> bool:
    """Whether it is ours, not past its end, not signed out, and of the password that its user has now."""
    try:
        said = jwt.decode(token, store.setting(KEY), algorithms=["HS256"])
    except jwt.InvalidTokenError:
        return False
    if not isinstance(ends := said.get("exp_date"), int | float) or ends <= datetime.now().timestamp():
        return False
    user = store.user(str(said.get("username", "")))
    return user is not None and said.get("password") == _mark(user) and not store.is_revoked(token)


def _mark(user: User) -> str:
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]
