"""What is to be said beside any answer about a scan, whatever the model."""

from __future__ import annotations

from octcore.scan import Modality, Scan


def scan_caveats(scan: Scan, wanted: Modality = "oct") -> tuple[str, ...]:
    """Keys of the interface's strings (``caveat.<key>``) for a scan given to a model of ``wanted``."""
    other = {"oct": "fundus", "fundus": "oct"}.get(wanted)
    return (
        *(("synthetic",) if scan.synthetic else ()),
        *((f"not_{wanted}",) if scan.modality == other else ()),
    )
