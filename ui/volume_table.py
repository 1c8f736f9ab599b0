"""A volume's measurements as people read them: a name in their language, the number with its unit."""

from __future__ import annotations

from octcore.measure_volume import VolumeMeasurements
from octcore.taxonomy import LESIONS
from ui.words import t

_SPACE = "\u00a0"


def volume_rows(measured: VolumeMeasurements) -> dict[str, str]:
    """Name to text, of what is known. A lesion that is nowhere has no row; fluid always has."""
    values = measured.values
    rows = {t("volume.fluid"): volume_text(values, "fluid")}
    for name in LESIONS:
        if values[f"{name.lower()}_volume_voxels"]:
            rows[t("volume.lesion", name=t(f"lesion.{name}"))] = volume_text(values, name.lower())
    rows[t("volume.slices_with_fluid")] = f"{values['slices_with_fluid']:.0f}{_SPACE}/{_SPACE}{values['slices']:.0f}"
    for key in ("central_subfield_thickness_um", "retina_thickness_mean_um"):
        if key in values:
            rows[t(f"volume.{key}")] = f"{values[key]:.0f}{_SPACE}µm"
    for key, value in values.items():
        if key.startswith("etdrs_"):
            ring, direction = key.split("_")[1:3]
            rows[t("volume.subfield", ring=t(f"volume.ring_{ring}"), direction=t(f"volume.to_{direction}"))] = (
                f"{value:.0f}{_SPACE}µm"
            )
    for key in ("macular_volume_3mm_mm3", "macular_volume_6mm_mm3"):
        if key in values:
            rows[t(f"volume.{key}")] = f"{values[key]:.2f}{_SPACE}mm³"
    return rows


def volume_text(values: dict[str, float], stem: str) -> str:
    """One volume in the best unit known."""
    if f"{stem}_volume_nl" in values:
        return f"{values[f'{stem}_volume_nl']:.1f}{_SPACE}nl"
    return f"{values[f'{stem}_volume_voxels']:,.0f}{_SPACE}{t('volume.voxels')}"
