"""The classes: the one place that names a disease, its family and its colour.

AMD is a family, not a class: its probability is the sum of its members (DRUSEN, CNV). An image that a data set calls
only ``AMD`` says that one of the two is right, and is trained on that sum. There is no third member "other AMD": no
image names it, so a network would be free to use it as a mark of the device that the AMD-labelled images came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

ClassifyTask = Literal["oct", "fundus"]
"""What is classified: a B-scan or a colour fundus photograph."""

OCT_LABELS: tuple[str, ...] = ("NORMAL", "DRUSEN", "CNV", "DME", "MH", "ERM", "RVO", "VID")
OCT_FAMILIES: dict[str, tuple[str, ...]] = {"AMD": ("DRUSEN", "CNV")}
NOT_DETECTED_YET: tuple[str, ...] = ("CSR", "DR", "RAO")
"""Known by name, without enough patients to have earned a probability; the page says that they are not detected."""

FUNDUS_LABELS: tuple[str, ...] = ("normal", "diabetic_retinopathy", "glaucoma", "cataract", "amd", "hypertension", "myopia")
"""Of a colour photograph. ``hypertension`` is hypertensive retinopathy, ``myopia`` pathological myopia."""
LABELS: dict[ClassifyTask, tuple[str, ...]] = {"oct": OCT_LABELS, "fundus": FUNDUS_LABELS}
"""Every task's classes; no name belongs to two of them."""

COLOURS: dict[str, str] = {
    "NORMAL": "#3a9d78",
    "DRUSEN": "#d99a2b",
    "CNV": "#c8553d",
    "DME": "#4c78c8",
    "MH": "#8a63b8",
    "ERM": "#2f9fb3",
    "RVO": "#b84d7f",
    "VID": "#7d8a2e",
    "AMD": "#d0772f",
    "normal": "#3a9d78",
    "diabetic_retinopathy": "#4c78c8",
    "glaucoma": "#8a63b8",
    "cataract": "#7d8a2e",
    "amd": "#d0772f",
    "hypertension": "#c8553d",
    "myopia": "#2f9fb3",
}

LESIONS: tuple[str, ...] = ("IRF", "SRF", "DRUSEN", "SHRM")
"""What the segmentation outlines: intraretinal and subretinal fluid, drusen, subretinal hyperreflective material."""
FLUID: tuple[str, ...] = ("IRF", "SRF")
LAYERS: tuple[str, ...] = ("NFL", "GCL-IPL", "INL", "OPL", "ONL-ISM", "ISE", "OS-RPE")
"""The seven layers of the Duke annotation (Chiu et al. 2015), from the vitreous down."""
SURFACES: tuple[str, ...] = ("ILM", "NFL/GCL", "IPL/INL", "INL/OPL", "OPL/ONL", "ISM/ISE", "ISE/OS", "BM")
"""Their eight borders; layer k lies between surface k and k + 1."""

LESION_COLOURS: dict[str, str] = {"IRF": "#3fa7ff", "SRF": "#24d3a6", "DRUSEN": "#ffb23f", "SHRM": "#ff5f87"}
LAYER_COLOURS: dict[str, str] = {
    "NFL": "#e6554a",
    "GCL-IPL": "#f09a3e",
    "INL": "#e8d34a",
    "OPL": "#8ccf4d",
    "ONL-ISM": "#3fc1b0",
    "ISE": "#5b8def",
    "OS-RPE": "#a873e8",
}

PARTIAL_LABELS: dict[str, tuple[str, ...]] = {
    # Retinopathy of the eye without oedema: the macula looks normal or diabetic, and which of the two is not said.
    "DR": ("NORMAL", "DME"),
    # What a data set says of one disease says nothing of the others.
    **{f"not_{name}": tuple(other for other in FUNDUS_LABELS if other != name) for name in FUNDUS_LABELS},
    # PALM's long eyes without pathology.
    "high_myopia": tuple(name for name in FUNDUS_LABELS if name != "myopia"),
}
"""Labels of the training data that name no class of ours but still rule classes out."""


def leaves(label: str) -> tuple[str, ...]:
    """The classes that a label allows: itself, a family's members, or () for a label that says nothing of ours."""
    if label in OCT_LABELS or label in FUNDUS_LABELS:
        return (label,)
    return OCT_FAMILIES.get(label, ())


def task_of(label: str) -> ClassifyTask:
    """The task that a class or family belongs to."""
    return "fundus" if label in FUNDUS_LABELS else "oct"


def with_families(probabilities: Mapping[str, float]) -> dict[str, float]:
    """The classes' probabilities (sum 1) with the sum of every family of theirs beside them."""
    out = {name: float(value) for name, value in probabilities.items()}
    for family, members in OCT_FAMILIES.items():
        if members[0] in out:
            out[family] = float(sum(out[m] for m in members))
    return out
