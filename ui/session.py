"""Who is there: registration and sign-in by streamlit-authenticator over the store's users, kept by a signed cookie."""

from __future__ import annotations

import time
from typing import Any

import bcrypt
import streamlit as st
import streamlit_authenticator as stauth
from streamlit.errors import StreamlitPageNotFoundError
from streamlit_authenticator.utilities import LoginError, RegisterError, Validator

from octcore.store import Store, User, UserExists, data_folder
from ui import cookie
from ui.words import t

ATTEMPTS = 8
WAIT_SECONDS = 5 * 60
_THEIRS = ("language", "carried", "insisted", "spacing_by_hand", "volume_spacing_by_hand")
"""Keys of the session's state that belong to the person."""


class _Rules(Validator):  # type: ignore[misc]
    """The library's checks, with names of one character (most Chinese given names) and passwords by length (NIST 800-63B)."""

    def validate_name(self, name: str) -> bool:
        return 1 <= len(name) <= 100 and not any(c in name for c in "<>{}[]\\")

    def validate_password(self, password: str) -> bool:
        return len(password) >= 8 and len(password.encode()) <= 72  # bcrypt reads 72 bytes

    def diagnose_password(self, password: str) -> str:
        return "Password length"


REGISTER_ERRORS = {
    "First name is not valid": "sign.error.name",
    "Last name is not valid": "sign.error.name",
    "Email is not valid": "sign.error.email",
    "Username is not valid": "sign.error.username",
    "Password/repeat password fields cannot be empty": "sign.error.empty_password",
    "Passwords do not match": "sign.error.mismatch",
    "Password length": "sign.error.password",
    "Captcha entered incorrectly": "sign.error.captcha",
    "Captcha not entered": "sign.error.captcha",
    "Email already taken": "sign.error.taken",
    "Username/email already taken": "sign.error.taken",
}


@st.cache_resource(show_spinner=False)
def _store_of(folder: str) -> Store:
    return Store(data_folder())


def store() -> Store:
    """The process's store."""
    return _store_of(str(data_folder()))


@st.cache_resource(show_spinner=False)
def _failures() -> dict[str, list[float]]:
    """Times of failed sign-ins, by user name; shared by all sessions so that a new tab is no new start."""
    return {}


def authenticator() -> Any:
    """This run's authenticator, over the users as the store has them now."""
    people = {
        u.username.lower(): {"name": u.name, "first_name": u.name, "last_name": "", "email": u.email, "password": u.password_hash}
        for u in store().users()
    }
    return stauth.Authenticate(
        {"usernames": people},
        cookie.NAME,
        store().setting(cookie.KEY),
        cookie.LASTING.days,
        validator=_Rules(),
        auto_hash=False,
        login_sleep_time=0,  # the cookie comes with the page's request; there is nothing to wait for
    )


def current_user() -> User | None:
    """The signed-in user, from this session or the browser's cookie; None for anybody else, also after deletion."""
    name = st.session_state.get("username")
    if st.session_state.get("authentication_status") and name:
        return store().user(name)
    return None


def begin() -> User | None:
    """At the top of every run: restores the sign-in from the cookie, ends one that counts no more, keeps or clears the
    cookie, returns the user."""
    auth = authenticator()
    st.session_state["authenticator"] = auth
    signed_in = st.session_state.get("authentication_status")
    token = st.session_state.get("token") if signed_in else st.context.cookies.get(cookie.NAME)
    if st.session_state.pop("sign_out_now", False):
        if token:
            store().revoke(token, cookie.LASTING)
        _leave(auth)
    elif token and not cookie.counts(token, store()):  # signed out in another tab, or there is a new password
        _leave(auth)
    else:
        try:
            auth.login(location="unrendered")
            if token and st.session_state.get("authentication_status"):
                st.session_state["token"] = token
        except LoginError:  # a cookie of an account that has been deleted
            st.session_state["cookie"] = "cleared"
    _tell_browser(auth)
    user = current_user()
    if user and user.language and "language" not in st.session_state:
        st.session_state["language"] = user.language
    return user


def _keep(user: User) -> None:
    """Have the browser keep a new token of that user's."""
    st.session_state["token"] = cookie.token_for(user, store())
    st.session_state["cookie"] = (st.session_state["token"], cookie.expiry())


def _leave(auth: Any) -> None:
    if st.session_state.get("authentication_status"):
        auth.authentication_controller.logout()
        _forget_person()
    st.session_state["logout"] = True  # the library reads no cookie in this session any more
    st.session_state["token"] = None
    st.session_state["cookie"] = "cleared"


def _forget_person() -> None:
    """Nothing of theirs stays in the tab for whoever signs in next: no scan, no search, no pixel's size given by hand."""
    for key in [str(key) for key in st.session_state]:
        if key in _THEIRS or key.startswith("history_"):
            del st.session_state[key]


def _tell_browser(auth: Any) -> None:
    """Have the browser keep or clear the cookie.

    It is told again, in the same words, in every run of the session: told once, a rerun that follows at once takes the
    message away before the browser has carried it out. The same words are the same element, so it is carried out once.
    """
    wanted = st.session_state.get("cookie")
    if wanted == "cleared":
        auth.cookie_controller.delete_cookie()
    elif wanted:
        token, expires = wanted
        auth.cookie_controller.cookie_model.cookie_manager.set(cookie.NAME, token, expires_at=expires)


def require_user() -> User:
    """The signed-in user; anybody else is sent to the start page."""
    user = current_user()
    if user is None:
        try:
            st.switch_page("ui/start.py")
        except StreamlitPageNotFoundError:
            # The first visit to a server that has just started: Streamlit runs the page itself until Home.py was run once.
            st.switch_page("Home.py")
    return user


def sign_out() -> None:
    """Sign out at the next run (call it from a button's callback)."""
    st.session_state["sign_out_now"] = True


def sign_in_form() -> None:
    """User name and password. Eight failures for a name within five minutes make it wait."""
    with st.form("sign-in"):
        username = st.text_input(t("sign.username"), autocomplete="username").strip().lower()
        password = st.text_input(t("sign.password"), type="password", autocomplete="current-password")
        if not st.form_submit_button(t("sign.in"), type="primary", width="stretch"):
            return
    failures = [moment for moment in _failures().get(username, []) if time.monotonic() - moment < WAIT_SECONDS]
    if len(failures) >= ATTEMPTS:
        st.error(t("sign.too_many", minutes=WAIT_SECONDS // 60))
        return
    if username and password and st.session_state["authenticator"].authentication_controller.login(username, password):
        _failures().pop(username, None)
        signed_in = store().user(username)
        assert signed_in is not None  # the library has just compared its password
        _keep(signed_in)
        st.rerun()
    _failures()[username] = [*failures, time.monotonic()]
    st.error(t("sign.wrong"))


def register_form() -> None:
    """The library's form with its captcha; success is said only when the account is in the database."""
    auth = st.session_state["authenticator"]
    words = {
        "Form name": "", "First name": t("sign.first"), "Last name": t("sign.last"), "Email": t("sign.email"),
        "Username": t("sign.username"), "Password": t("sign.password"), "Repeat password": t("sign.repeat"),
        "Captcha": t("sign.captcha"), "Register": t("sign.create"),
    }  # fmt: skip
    auth.attrs["password_instructions"] = t("sign.password_help")
    try:
        email, username, name = auth.register_user(fields=words, captcha=True, password_hint=False, key="register")
        if username:
            hashed = auth.authentication_controller.authentication_model.credentials["usernames"][username]["password"]
            store().create_user(username, name, email, hashed)
            st.success(t("sign.created", name=name))
    except RegisterError as error:
        key = REGISTER_ERRORS.get(str(error))
        if key == "sign.error.captcha":
            st.session_state.pop("register_user_captcha", None)  # a picture may be guessed at once only
        st.error(t(key) if key else t("sign.error.other", reason=error))
    except UserExists:
        st.error(t("sign.error.taken"))


def password_is(user: User, password: str) -> bool:
    """Whether that is the user's password."""
    return bcrypt.checkpw(password.encode()[:72], user.password_hash.encode())


def change_password(user: User, password: str) -> bool:
    """Set a new password; False where the rules refuse it. Every other sign-in of theirs ends, this one goes on."""
    if not _Rules().validate_password(password):
        return False
    store().set_password_hash(user.id, bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode())
    changed = store().user(user.username)
    assert changed is not None
    _keep(changed)
    return True
