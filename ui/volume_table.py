"""A volume's measurements as people read them: a name in their language, the number with its unit."""

from __future__ import annotations

from octcore.measure_volume import VolumeMeasurements
from octcore.taxonomy import LESIONS
from ui.words import t

_SPACE = "\u00a0"


def volume_rows(*columns: VolumeMeasurements) -> dict[str, list[str]]:
    """Name to a text a column, of what is known of one volume's outlines. A lesion that is in none of them has no row; fluid
    always has."""
    values = [measured.values for measured in columns]
    rows = {t("volume.fluid"): [volume_text(v, "fluid") for v in values]}
    for name in LESIONS:
        if any(v[f"{name.lower()}_volume_voxels"] for v in values):
            rows[t("volume.lesion", name=t(f"lesion.{name}"))] = [volume_text(v, name.lower()) for v in values]
    if any(v.get("fluid_share_of_retina") for v in values):
        rows[t("measure.share")] = [f"{v['fluid_share_of_retina']:.2%}" for v in values]
    rows[t("volume.slices_with_fluid")] = [f"{v['slices_with_fluid']:.0f}{_SPACE}/{_SPACE}{v['slices']:.0f}" for v in values]

    def thickness(name: str, key: str) -> None:
        if f"{key}_um" in values[0]:
            rows[name] = [f"{v[f'{key}_um']:.0f}{_SPACE}µm" for v in values]
        elif f"{key}_px" in values[0]:
            rows[name] = [f"{v[f'{key}_px']:.1f}{_SPACE}px" for v in values]

    # The outlines of lesions move no surface: what is known of one column's thickness is known of all.
    thickness(t("volume.central_subfield_thickness_um"), "central_subfield_thickness")
    thickness(t("volume.retina_thickness_mean_um"), "retina_thickness_mean")
    for key in values[0]:
        if key.startswith("etdrs_"):
            ring, direction = key.split("_")[1:3]
            name = t("volume.subfield", ring=t(f"volume.ring_{ring}"), direction=t(f"volume.to_{direction}"))
            thickness(name, key.removesuffix("_um"))
    for key in ("macular_volume_3mm_mm3", "macular_volume_6mm_mm3"):
        if key in values[0]:
            rows[t(f"volume.{key}")] = [f"{v[key]:.2f}{_SPACE}mm³" for v in values]
    return rows


def volume_text(values: dict[str, float], stem: str) -> str:
    """One volume in the best unit known."""
    if f"{stem}_volume_nl" in values:
        return f"{values[f'{stem}_volume_nl']:.1f}{_SPACE}nl"
    return f"{values[f'{stem}_volume_voxels']:,.0f}{_SPACE}{t('volume.voxels')}"
