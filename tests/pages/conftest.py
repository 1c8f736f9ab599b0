"""A store with a signed-in person, and the pages run as Streamlit's AppTest runs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from octcore import models
from octcore.store import Store, User

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home)


@pytest.fixture
def ann(store: Store) -> User:
    store.create_user("ann", "Ann", "ann@example.org", "no-hash")
    user = store.user("ann")
    assert user
    return user


@pytest.fixture
def open_page(ann: User) -> Open:
    """`open_page("oct")` runs pages/oct.py with Ann signed in; `language` and `query` as given."""

    def run(page: str, language: str = "en", query: dict[str, str] | None = None, username: str = "ann") -> AppTest:
        app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=60)
        app.session_state["username"] = username
        app.session_state["authentication_status"] = True
        app.session_state["language"] = language
        for key, value in (query or {}).items():
            app.query_params[key] = value
        return app.run()

    return run


@pytest.fixture(scope="session")
def weights() -> None:
    """Skips where the repository was checked out without its weights."""
    try:
        models.catalogue()
    except models.ModelError as error:
        pytest.skip(str(error))
