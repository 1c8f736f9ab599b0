"""A store with a signed-in person, and the pages run as Streamlit's AppTest runs them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from octcore import models
from octcore.store import Store, User
from ui import layers_viewer

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest leaves the page as ``__main__``, which every process that a later test starts would run."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


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


@pytest.fixture
def save(monkeypatch: pytest.MonkeyPatch) -> Callable[[AppTest, object], AppTest]:
    """`save(app, payload)`: the app's next run finds that payload sent by the browser."""

    def run(app: AppTest, payload: object) -> AppTest:
        real = layers_viewer.show
        waiting = [payload]

        def show(*args: Any, **options: Any) -> object | None:
            real(*args, **options)
            return waiting.pop() if waiting else None

        with monkeypatch.context() as patch:
            patch.setattr(layers_viewer, "show", show)
            app.run()
        assert not app.exception, app.exception
        return app

    return run


def drop(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, data, "image/png") for name, data in files])
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    return "\n".join([str(e.value) for e in (*app.markdown, *app.caption, *app.info, *app.warning)])
