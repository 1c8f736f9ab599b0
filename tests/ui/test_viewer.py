"""The viewer's pictures and the probability chart."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from octcore.taxonomy import FUNDUS_LABELS, OCT_LABELS, with_families
from ui.charts import probability_chart
from ui.literal import literal
from ui.viewer import LARGEST_SIDE, for_browser, heat_png, scan_png


def test_the_heat_map_covers_the_scan_and_hides_nothing_where_it_is_zero() -> None:
    heat = np.zeros((20, 28), np.float32)
    heat[:, 14:] = 1
    picture = Image.open(io.BytesIO(heat_png(heat, (496, 1536))))
    assert picture.mode == "RGBA" and picture.width / picture.height == pytest.approx(1536 / 496, rel=0.01)
    alpha = np.asarray(picture)[..., 3]
    assert alpha[:, :100].max() == 0 and alpha[:, -100:].min() == 255


def test_a_large_scan_is_made_smaller_for_the_browser() -> None:
    assert Image.open(io.BytesIO(scan_png(np.zeros((100, 4000), np.uint8)))).size == (LARGEST_SIDE, 40)
    assert Image.open(io.BytesIO(scan_png(np.zeros((100, 80, 3), np.uint8)))).size == (80, 100)


def test_the_chart_has_every_class_in_order_and_the_family_as_a_sum() -> None:
    said = with_families({n: (k + 1) / 36 for k, n in enumerate(OCT_LABELS)})
    bar = probability_chart(said, ("VID",)).data[0]
    assert list(bar.y) == ["Σ AMD", *OCT_LABELS] and bar.x[0] == pytest.approx(said["DRUSEN"] + said["CNV"])
    assert "DRUSEN + CNV" in bar.customdata[0] and bar.marker.opacity[-1] == 1 and bar.marker.opacity[1] < 1


def test_the_chart_of_a_photograph_has_readable_names_and_no_family() -> None:
    said = with_families({n: (k + 1) / 28 for k, n in enumerate(FUNDUS_LABELS)})
    bar = probability_chart(said, ("myopia",)).data[0]
    assert list(bar.y)[::-1][:2] == ["Pathologic myopia", "Hypertensive retinopathy"] and len(bar.y) == len(FUNDUS_LABELS)
    assert not any(name.startswith("Σ") for name in bar.y)


def test_the_browser_gets_grey_without_loss_and_photographs_small() -> None:
    grey = np.random.default_rng(0).integers(0, 255, (70, 90)).astype(np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(for_browser(grey)))), grey)
    assert for_browser(np.zeros((80, 80, 3), np.uint8)).startswith(b"\xff\xd8")


def test_a_file_name_keeps_its_marks() -> None:
    assert literal("a_*b*.png") == "a\\_\\*b\\*.png"
    assert literal("x\n# y :red[z] $1$") == "x \\# y \\:red\\[z\\] \\$1\\$"
