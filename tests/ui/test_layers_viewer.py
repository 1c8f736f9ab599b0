"""The layers viewer's server side: what it sends, and what it believes of what comes back."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from octcore.taxonomy import LAYER_COLOURS, LAYERS, LESION_COLOURS, LESIONS
from ui.layers_viewer import (
    LARGEST_MAP,
    LONGEST_NOTE,
    BadCorrection,
    _for_browser,
    _is_new,
    _numbers,
    correction,
    kept,
    pack,
    unpack,
)
from ui.words import TABLES

maps = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40), elements=st.integers(0, 4))


def sent(mask: np.ndarray, **changes: object) -> dict[str, object]:
    height, width = mask.shape
    return {"id": "r/original", "height": height, "width": width, "mask": pack(mask), "note": "", "nonce": "1"} | changes


@settings(max_examples=30, deadline=None)
@given(maps)
def test_a_map_comes_back_as_it_was_sent(mask: np.ndarray) -> None:
    assert np.array_equal(unpack(pack(mask), mask.shape), mask)
    assert np.array_equal(correction(sent(mask), np.zeros_like(mask), "r/original").lesions, mask)


def test_what_comes_back_is_checked() -> None:
    shown = np.zeros((30, 40), np.uint8)
    for changes in (
        {"id": "r/another"},
        {"height": 40, "width": 30},
        {"height": 30.5},
        {"mask": ""},
        {"mask": 3},
        {"mask": "%%%"},
        {"mask": base64.b64encode(b"no zlib").decode()},
        {"mask": pack(np.full((30, 40), len(LESIONS) + 1, np.uint8))},
        {"mask": pack(np.zeros((30, 41), np.uint8))},
        {"mask": pack(np.zeros((30, 39), np.uint8))},
        {"mask": base64.b64encode(zlib.compress(bytes(1200))[:-3]).decode()},
        {"mask": base64.b64encode(zlib.compress(bytes(200_000_000), 9)).decode()},
        {"note": 5},
    ):
        with pytest.raises(BadCorrection):
            correction(sent(shown) | changes, shown, "r/original")
    for nothing in (None, 3, "x", [], {}):
        with pytest.raises(BadCorrection):
            correction(nothing, shown, "r/original")


def test_a_note_is_one_line_of_bounded_length() -> None:
    mask = np.ones((30, 40), np.uint8)
    assert correction(sent(mask, note=" a\nb  "), mask, "r/original").note == "a b"
    assert len(correction(sent(mask, note="x" * 5000), mask, "r/original").note) == LONGEST_NOTE


def test_of_a_scan_too_large_for_the_browser_only_what_was_painted_changes() -> None:
    fine = np.zeros((600, 3 * LARGEST_MAP), np.uint8)
    fine[::2, ::2] = 1  # a pattern that no coarser grid can carry
    coarse = _for_browser(fine)
    assert max(coarse.shape) == LARGEST_MAP
    assert np.array_equal(correction(sent(coarse.copy()), fine, "r/original").lesions, fine)
    coarse = coarse.copy()
    coarse[10:20, 10:20] = 3
    made = correction(sent(coarse), fine, "r/original").lesions
    assert (made[31:59, 31:59] == 3).all()
    made[29:61, 29:61] = fine[29:61, 29:61]
    assert np.array_equal(made, fine)


def test_a_save_is_answered_once() -> None:
    answered: dict[str, str] = {}
    assert _is_new(answered, "k", {"nonce": "1"}) and not _is_new(answered, "k", {"nonce": "1"})
    assert _is_new(answered, "k", {"nonce": "2"}) and _is_new(answered, "other", {"nonce": "2"})


def test_the_browser_hears_which_save_is_in_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, dict[str, str]] = {}
    monkeypatch.setattr("ui.layers_viewer.st.session_state", state)
    kept("one", {"nonce": "1"})
    kept("other", {"nonce": "2"})
    kept("one", {"nonce": "3"})
    assert list(state.values()) == [{"one": "3", "other": "2"}]


def test_surfaces_become_numbers_and_gaps() -> None:
    assert _numbers(np.array([[1.26, np.nan]], np.float32)) == [[1.3, None]]


def test_every_lesion_and_layer_has_a_colour_and_words() -> None:
    assert [*LESION_COLOURS] == [*LESIONS] and [*LAYER_COLOURS] == [*LAYERS]
    for table in TABLES.values():
        assert all(f"lesion.{name}" in table for name in (*LESIONS, "NONE")) and all(f"layer.{name}" in table for name in LAYERS)
