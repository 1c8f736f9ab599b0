"""What a task's models cannot be relied on for, in words: from what the data are, not from a measurement."""

from __future__ import annotations

LIMITS: dict[str, list[str]] = {
    "oct": [
        "Learned from adults' macular scans of six public collections; children, other regions and other devices were not "
        "tested.",
        "VID, ERM and RVO come from one hospital and one device (OCTDL, Optovue); macular holes almost all from another "
        "(Cirrus-like): device and disease cannot be told apart fully there.",
        "Kermany's files do not tell left from right eyes or age; 6 % of its patients occur under two labels.",
        "One label a scan: two diseases at once are not both reported.",
    ],
    "fundus": [
        "Learned from photographs of at most 384 pixels: single microaneurysms and fine vessel changes are below what it sees. "
        "Early diabetic and hypertensive retinopathy are missed most.",
        "Hypertensive retinopathy comes from ODIR-5K almost alone (104 clean photographs); pathological myopia half from one "
        "camera (PALM), cataract from ODIR-5K and one other. Camera and disease cannot be told apart fully there, although "
        "colour, exposure, field and grain are evened out.",
        "A cataract shows on a photograph as blur: an unsharp picture of a clear eye looks the same.",
        "Glaucoma here is what graders called it from the optic disc; no pressure, no field, no OCT was asked.",
        "Eyes whose only finding is none of the seven classes were left out of training and test; such an eye gets a wrong "
        "answer, most often 'normal'.",
        "One label a photograph: two diseases at once are not both reported.",
    ],
}
