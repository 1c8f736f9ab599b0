"""Times as the viewer's clock shows them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st


def zone() -> ZoneInfo:
    """The browser's time zone; UTC where it sends none, or one that this machine does not know."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return ZoneInfo("UTC")


def moment(when: datetime) -> str:
    """An aware moment in the viewer's zone, to the minute."""
    return when.astimezone(zone()).strftime("%Y-%m-%d %H:%M")
