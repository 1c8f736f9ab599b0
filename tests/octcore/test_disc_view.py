"""The close view of the optic disc: it lies where the disc is, moves glaucoma alone, and shows on the heat map."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from octcore import models, preprocess_fundus
from octcore.classify import classify
from octcore.inputs import classifier_input
from octcore.nets.torch_disc_view import GLAUCOMA, REACH, WithDiscView
from octcore.phantom import fundus
from octcore.scan import Scan
from octcore.taxonomy import FUNDUS_LABELS
from train.data import Row, training_rows
from train.disc import chances, fit_mix, has_glaucoma
from train.disc_places import by_rule
from train.networks import DISC_VIEW, trained
from train.tasks import TASKS

SERVED = models.weights_folder() / "fundus-efficientnet-lite2"


@pytest.fixture(scope="module")
def net() -> WithDiscView:
    if not (SERVED / "native.pt").exists():
        pytest.skip("fundus-efficientnet-lite2 is not in weights/")
    found, saved = trained(SERVED, len(FUNDUS_LABELS), 3)
    assert saved["net"] == DISC_VIEW and isinstance(found, WithDiscView)
    return found


def drawn_disc(seed: int) -> NDArray[np.float64]:
    """Where `phantom.fundus` draws the disc, in radii from the centre."""
    rng, side = np.random.default_rng(seed), -1 if seed % 2 else 1
    return np.array([side * rng.uniform(0.42, 0.5), rng.uniform(-0.06, 0.04)])


def place(net: WithDiscView, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    with torch.inference_mode():
        return np.asarray(net.place(net.middle(torch.from_numpy(tensor[:, :3]))[0]).numpy(), np.float32)


def test_a_drawn_disc_is_found_wherever_it_lies(net: WithDiscView) -> None:
    for seed in range(8):
        picture = fundus(500, seed)
        turned, moved = picture[::-1, ::-1], cv2.copyMakeBorder(picture, 30, 0, 150, 10, cv2.BORDER_CONSTANT)
        for given, wanted in ((picture, drawn_disc(seed)), (turned, -drawn_disc(seed)), (moved, drawn_disc(seed))):
            tensor = classifier_input(np.ascontiguousarray(given), "fundus").tensor
            assert np.hypot(*(place(net, tensor)[0] - wanted)) < 0.15, seed


def test_a_real_disc_is_found_where_the_rule_is_sure_of_it(net: WithDiscView, shared_fundus: Path) -> None:
    rows = [r for r in training_rows("fundus") if r.split == "test"][::12]
    views = TASKS["fundus"].views(rows)
    places, sure = by_rule(views[..., :3])
    found = place(net, TASKS["fundus"].to_tensor(views[sure]))
    apart = np.hypot(*(found - places[sure]).T)
    print(f"{sure.sum()} discs: median {np.median(apart):.3f} radii apart, {np.mean(apart < 0.2):.3f} within 0.2")
    assert np.median(apart) < 0.08 and np.mean(apart < 0.2) > 0.95


def test_the_disc_is_found_in_a_narrower_field(net: WithDiscView, shared_fundus: Path) -> None:
    """As cameras of 30 degrees show it: larger, and near the middle."""
    missed = []
    for row in [r for r in training_rows("fundus") if r.split == "val" and r.source == "airogs"][::3]:
        picture = np.asarray(cv2.imread(str(row.file), cv2.IMREAD_COLOR_RGB), np.uint8)
        given = classifier_input(picture, "fundus")
        x, y = place(net, given.tensor)[0]
        whole = np.vstack([given.matrix, [0, 0, 1]]) @ np.diag([preprocess_fundus.frame(picture).scale] * 2 + [1])
        zoom = np.array([[1.5, 0, 160 - 1.5 * (160 + 160 * (x * 0.8))], [0, 1.5, 160 - 1.5 * (160 + 160 * y)], [0, 0, 1]])
        narrow = cv2.warpAffine(picture, (zoom @ whole)[:2].astype(np.float32), (320, 320))
        down, across = np.mgrid[:320, :320]
        narrow[np.hypot(down - 159.5, across - 159.5) > 158] = 0
        found = place(net, classifier_input(np.asarray(narrow, np.uint8), "fundus").tensor)[0]
        missed.append(np.hypot(*(found - (1.5 * 0.2 * x, 0))))
    print(f"{len(missed)} discs: median {np.median(missed):.3f} radii apart, {np.mean(np.array(missed) < 0.25):.3f} within 0.25")
    assert np.median(missed) < 0.12 and np.mean(np.array(missed) < 0.25) > 0.9


def test_the_close_view_shows_its_place(net: WithDiscView) -> None:
    """A spot a fifth of a radius right of the place lies as much right of the close view's middle."""
    soft = torch.zeros(1, 3, 320, 320)
    x, y = 0.3, -0.1
    column, row = round(160 + 160 * (x + 0.2) - 0.5), round(160 + 160 * y - 0.5)
    soft[:, :, row - 2 : row + 3, column - 2 : column + 3] = 1
    view = net.close_view(soft, torch.tensor([[x, y]]))[0, 0].numpy()
    down, across = np.unravel_index(int(view.argmax()), view.shape)
    assert abs(across - (79.5 + 80 * 0.2 / REACH)) < 4 and abs(down - 79.5) < 4


def test_the_close_view_moves_glaucoma_and_leaves_the_others_their_shares(net: WithDiscView) -> None:
    tensor = torch.from_numpy(classifier_input(fundus(500, 2), "fundus").tensor)
    blank = torch.cat([tensor[:, :3], torch.zeros_like(tensor[:, 3:])], dim=1)
    with torch.inference_mode():
        (one, first), (other, second) = net(tensor), net(blank)
    assert not torch.isclose(one[0, GLAUCOMA], other[0, GLAUCOMA], atol=1e-3)
    rest = [k for k in range(len(FUNDUS_LABELS)) if k != GLAUCOMA]
    shares = [torch.log_softmax(logits[:, rest], dim=1) for logits in (one, other)]
    assert torch.allclose(*shares, atol=1e-5) and torch.allclose(first[:, rest], second[:, rest], atol=1e-5)
    assert not torch.allclose(first[:, GLAUCOMA], second[:, GLAUCOMA])
    assert torch.allclose(*(torch.logsumexp(logits, dim=1) for logits in (one, other)), atol=1e-4), "familiar as before"


def test_a_glaucomas_heat_map_lies_on_the_disc(net: WithDiscView, shared_fundus: Path) -> None:
    near = []
    for row in [r for r in training_rows("fundus") if r.split == "test" and r.label == "glaucoma"][::4]:
        picture = np.asarray(cv2.imread(str(row.file), cv2.IMREAD_COLOR_RGB), np.uint8)
        said = classify(Scan(pixels=picture, modality="fundus", sha256="0" * 64, format="PNG"), SERVED.name, "fundus")
        if said.label != "glaucoma":
            continue
        given = classifier_input(picture, "fundus")
        height, width = said.heatmap.shape
        y, x = np.unravel_index(int(said.heatmap.argmax()), (height, width))
        peak = given.matrix @ np.array([x, y, 1])
        near.append(np.hypot(*(((peak + 0.5) / 160 - 1) - place(net, given.tensor)[0])) < 1.5 * REACH)
    assert len(near) > 5 and np.mean(near) > 0.9


def test_the_softer_copy_holds_what_is_beyond_white_in_the_other() -> None:
    picture = np.full((400, 400, 3), (60, 30, 12), np.uint8)
    cv2.circle(picture, (250, 200), 30, (220, 140, 60), -1)
    cv2.circle(picture, (250, 200), 12, (250, 200, 90), -1)  # a cup in a disc
    photograph = preprocess_fundus.frame(picture)
    y, x = (round(v * photograph.scale) for v in (200, 250))
    rim = round((250 + 21) * photograph.scale)
    assert photograph.image[y, x, 1] == photograph.image[y, rim, 1] == 255
    assert int(photograph.soft[y, x, 1]) > int(photograph.soft[y, rim, 1]) + 10


def rows_of(*labels: str, source: str) -> list[Row]:
    allowed = np.ones(len(FUNDUS_LABELS), np.float32)
    out = []
    for label in labels:
        mine = allowed.copy()
        if label == "not_glaucoma":
            mine[GLAUCOMA] = 0
        elif label in FUNDUS_LABELS:
            mine = np.eye(len(FUNDUS_LABELS), dtype=np.float32)[FUNDUS_LABELS.index(label)]
        out.append(Row(Path("x"), source, label, "g", "train", mine))
    return out


def test_a_label_that_says_nothing_of_glaucoma_teaches_nothing_of_it() -> None:
    rows = rows_of("glaucoma", "not_glaucoma", "not_glaucoma", source="airogs")
    rows += rows_of("not_diabetic_retinopathy", "diabetic_retinopathy", source="idrid") + rows_of(
        "glaucoma", "normal", source="odir5k"
    )
    truth = has_glaucoma(rows)
    assert truth[:3].tolist() == [1, 0, 0] and np.isnan(truth[3]) and truth[4:].tolist() == [0, 1, 0]
    drawn = chances(rows, truth)
    assert drawn.sum() == pytest.approx(1) and drawn[3] == 0
    assert drawn[0] == pytest.approx(drawn[1] + drawn[2]), "of AIROGS as many eyes with glaucoma as without"


def test_the_mix_is_louder_the_more_the_two_views_know() -> None:
    """And its offset takes back what the reader learned of eyes that were drawn more often than they occur."""
    rng = np.random.default_rng(0)
    sick = rng.random(3000) < 0.2
    allowed = np.zeros((3000, len(FUNDUS_LABELS)), np.float32)
    allowed[sick, GLAUCOMA] = 1
    allowed[~sick] = [float(k != GLAUCOMA) for k in range(len(FUNDUS_LABELS))]

    noise = rng.normal(0, 1, 3000)

    def fitted(knows: float, offset: float) -> NDArray[np.float64]:
        odds = knows * (sick - 0.5) + noise
        logits = np.zeros((3000, len(FUNDUS_LABELS)), np.float32)
        logits[:, GLAUCOMA] = odds + np.log(len(FUNDUS_LABELS) - 1)
        return fit_mix(logits, (odds + offset).astype(np.float32), allowed)

    much, little, biased = fitted(3, 0), fitted(0.5, 0), fitted(3, 2)
    assert much[0] == much[1] > 2 * little[0] > 0
    assert biased[2] == pytest.approx(much[2] - 2 * biased[1], abs=0.5)
