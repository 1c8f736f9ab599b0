"""Which sign-in tokens count."""

from __future__ import annotations

import sqlite3
import time
from datetime import timedelta
from pathlib import Path

import pytest

from octcore.store import Store, User
from ui import cookie


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def ada(store: Store) -> User:
    store.create_user("ada", "Ada", "ada@example.org", "hash")
    user = store.user("ada")
    assert user
    return user


def test_a_token_counts_until_it_is_called_back_or_ends(store: Store, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    token = cookie.token_for(ada, store)
    assert cookie.counts(token, store) and not cookie.counts(token[:-2] + "xx", store) and not cookie.counts("words", store)
    monkeypatch.setattr(cookie, "LASTING", timedelta(seconds=-1))
    other = cookie.token_for(ada, store)
    assert not cookie.counts(other, store), "it was over when it was made"
    store.revoke(token, timedelta(days=30))
    assert not cookie.counts(token, store)


def test_what_was_called_back_is_forgotten_when_it_would_have_ended(store: Store, ada: User) -> None:
    store.revoke("old", timedelta(days=30))
    time.sleep(0.01)
    store.revoke("new", timedelta(milliseconds=5))
    with sqlite3.connect(next(store.folder.glob("*.db"))) as database:
        assert database.execute("select count(*) from revoked_tokens").fetchone() == (1,)
    assert store.is_revoked("new") and not store.is_revoked("old")
