"""Each device's file reads as the volume that was written: pixels, spacing on the right axis, side, date, and no person."""

from __future__ import annotations

import dataclasses
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from octcore.readers import bundles, pack, read
from octcore.scan import Scan, ScanError, Spacing
from tests.octcore import vendor_files as make

GREY = make.speckle(3, 40, 48)
"""Brighter below, at the right and in later slices."""
sizes = st.tuples(st.integers(1, 5), st.integers(32, 70), st.integers(32, 70))
steps = st.tuples(st.floats(0.01, 0.3), st.floats(0.001, 0.01), st.floats(0.004, 0.05))
VENDOR = Path(os.environ.get("OCTCORE_DATA", "../shared/data")) / "vendor/tests/data/filetypes"


def pixels_of(scan: Scan) -> np.ndarray:
    """(slices, H, W), of one B-scan too."""
    return scan.pixels[None] if scan.volume is None else scan.volume


def assert_spacing(scan: Scan, wanted: tuple[float, float, float]) -> None:
    expected = (wanted[0] if scan.slices > 1 else None, *wanted[1:])
    for found, true in zip(scan.spacing_mm, expected, strict=True):
        assert found == (None if true is None else pytest.approx(true, rel=1e-4))


def assert_same_picture(scan: Scan, grey: np.ndarray) -> None:
    """Upright, not mirrored, in order, whatever the format's own range of brightness."""
    found = pixels_of(scan)
    assert found.shape == grey.shape and found.dtype == np.uint8
    assert np.corrcoef(found.ravel(), grey.ravel())[0, 1] > 0.98
    assert np.array_equal(scan.pixels, found[len(found) // 2])


@settings(max_examples=40, deadline=None)
@given(sizes, steps, st.sampled_from(["OD", "OS"]), st.integers(0, 99))
def test_vol_gives_back_size_spacing_and_side(size, spacing, eye, seed) -> None:  # type: ignore[no-untyped-def]
    grey = make.speckle(*size, seed=seed)
    scan = read(make.vol(grey, spacing=spacing, eye=eye), "x.vol")
    assert np.array_equal(pixels_of(scan), grey)
    assert_spacing(scan, spacing)
    assert scan.laterality == eye and scan.acquired == make.TAKEN and scan.en_face is not None and scan.en_face.shape == (30, 32)


@pytest.mark.parametrize(("number", "pattern"), [(1, "line"), (2, "circle"), (3, "volume"), (5, "radial")])
def test_every_scan_pattern_of_vol_opens(number: int, pattern: str) -> None:
    one = number in (1, 2)
    scan = read(make.vol(GREY[:1] if one else GREY, pattern=number))
    assert scan.pattern == pattern and scan.slices == (1 if one else 3)
    assert (scan.spacing_mm.slice is not None) == (pattern == "volume")
    assert scan.spacing_mm.lateral == pytest.approx(0.011)


def test_a_star_without_its_number_is_known_by_its_lines() -> None:
    angles = np.linspace(0, np.pi, 3, endpoint=False)
    lines = [(3 - np.cos(a), 3 - np.sin(a), 3 + np.cos(a), 3 + np.sin(a)) for a in angles]
    scan = read(make.vol(GREY, pattern=0, lines=lines, spacing=(0.0, 0.0039, 0.011)))
    assert scan.pattern == "radial" and scan.spacing_mm.slice is None


def test_vol_without_an_en_face_picture_and_with_bytes_behind_it() -> None:
    scan = read(make.vol(GREY, en_face=False) + b"thickness grid" * 50)
    assert np.array_equal(pixels_of(scan), GREY) and scan.en_face is None


def test_what_spectralis_did_not_scan_is_marked_and_black() -> None:
    hole = np.zeros(GREY.shape, bool)
    hole[:, :12, :20] = True
    for scan in (read(make.vol(GREY, no_data=hole)), read(make.e2e([(GREY, "R")], no_data=hole))):
        assert scan.no_data is not None and np.array_equal(scan.no_data, hole)
        assert not pixels_of(scan)[hole].any() and np.array_equal(pixels_of(scan)[~hole], GREY[~hole])
        part = scan.at(1)
        assert part.no_data is not None and np.array_equal(part.no_data, hole[1])


@settings(max_examples=25, deadline=None)
@given(sizes, steps, st.sampled_from(["R", "L"]), st.booleans(), st.sampled_from(["utf-8", "latin-1"]))
def test_xml_export_gives_back_size_spacing_and_side(size, spacing, eye, sparse, encoding) -> None:  # type: ignore[no-untyped-def]
    grey = make.speckle(*size)
    files = make.xml_export(grey, spacing=spacing, eye=eye, sparse=sparse, encoding=encoding)
    scan = read(files)
    assert np.array_equal(pixels_of(scan), grey)
    assert_spacing(scan, spacing)
    assert scan.laterality == ("OD" if eye == "R" else "OS") and scan.acquired == make.TAKEN
    assert scan.en_face is not None and scan.en_face.shape == (64, 64) and scan.warnings == ()


def test_an_xml_export_is_the_same_as_a_zip_in_a_folder_and_in_any_order() -> None:
    files = make.xml_export(make.speckle(12, 40, 48), suffix="png")
    scan = read(files)
    again = read([("some/folder/" + name, data) for name, data in reversed(files)])
    zipped = read(pack(files), "export.zip")
    assert scan.volume is not None
    for other in (again, zipped):
        assert other.volume is not None and np.array_equal(scan.volume, other.volume)
    assert zipped.sha256 == scan.sha256  # so that what the store keeps is what was read


def test_xml_kinds_missing_slices_and_missing_pictures() -> None:
    assert read(make.xml_export(GREY, kind="Star")).pattern == "radial"
    assert read(make.xml_export(GREY[:1], kind="Circle")).pattern == "circle"
    files = make.xml_export(make.speckle(6, 40, 48))
    scan = read([file for file in files if file[0] != "B3.tif"])
    assert scan.slices == 5 and scan.warnings == ("slices_missing",) and scan.spacing_mm.slice == pytest.approx(0.12)
    for alone in (files[0][1], [files[0], files[1]]):
        with pytest.raises(ScanError) as caught:
            read(alone)
        assert caught.value.code == "missing_files"


def test_pictures_scaled_by_an_xml_export_keep_the_retinas_size() -> None:
    files = [(name, _doubled(data) if name.startswith("B") else data) for name, data in make.xml_export(GREY)]
    scan = read(files)
    assert scan.pixels.shape == (80, 96) and scan.warnings == ("size_differs",)
    assert_spacing(scan, (0.12, 0.0039 / 2, 0.011 / 2))


def _doubled(data: bytes) -> bytes:
    out = io.BytesIO()
    picture = Image.open(io.BytesIO(data))
    picture.resize((picture.size[0] * 2, picture.size[1] * 2)).save(out, "TIFF")
    return out.getvalue()


def test_white_fill_of_an_export_is_no_data() -> None:
    grey = GREY.copy()
    grey[:, :10, :20] = 255
    scan = read(make.xml_export(grey))
    assert scan.no_data is not None and scan.no_data[:, :10, :20].all() and scan.no_data.sum() == 600
    assert not pixels_of(scan)[scan.no_data].any()


def test_e2e_sides_belong_to_their_own_series() -> None:
    right, left = make.speckle(4, 40, 48, seed=1), make.speckle(3, 50, 60, seed=2)
    for multiple in (False, True):
        data = make.e2e([(left, "L"), (right, "R")], multiple=multiple)
        first, second = read(data, "x.e2e"), read(data, "x.e2e", which=1)
        assert np.array_equal(pixels_of(first), right) and first.laterality == "OD"
        assert np.array_equal(pixels_of(second), left) and second.laterality == "OS"
        assert first.series == second.series == 2 and "several_series" in first.warnings and first.acquired == make.TAKEN
        with pytest.raises(ScanError):
            read(data, "x.e2e", which=2)


def test_a_scan_of_another_size_in_a_series_is_left_out() -> None:
    files = make.xml_export(make.speckle(5, 40, 48))
    odd = [(name, _doubled(data) if name == "B2.tif" else data) for name, data in files]
    scan = read(odd)
    assert scan.slices == 4 and scan.warnings == ("slices_differ",)


def test_e2e_scales_degrees_and_says_so() -> None:
    scan = read(make.e2e([(GREY, "R")], degrees=(0.5, 15.0), axial=0.0039))
    assert_spacing(scan, (0.5 * 0.2896, 0.0039, 15 / 48 * 0.2896))
    assert scan.warnings == ("spacing_estimated",)
    ring = read(make.e2e([(GREY[:1], "R")], pattern=2))
    assert ring.pattern == "circle" and ring.spacing_mm.lateral is None


@settings(max_examples=25, deadline=None)
@given(sizes, steps, st.sampled_from([0, 1]), st.sampled_from(["fda", "fds"]))
def test_topcon_gives_back_size_spacing_and_side(size, spacing, eye, kind) -> None:  # type: ignore[no-untyped-def]
    grey = make.speckle(*size)
    extent = (spacing[0] * size[0], spacing[2] * size[2])
    build = make.fda if kind == "fda" else make.fds
    scan = read(build(grey, eye=eye, size_mm=extent, axial_um=spacing[1] * 1000), f"x.{kind}")
    assert_same_picture(scan, grey)
    assert_spacing(scan, spacing)
    assert scan.laterality == ("OD", "OS")[eye] and scan.acquired == make.TAKEN and scan.device == "Topcon 3DOCT-2000"
    assert scan.en_face is not None and scan.en_face.shape == (20, 24, 3) and scan.en_face[0, 0, 0] > scan.en_face[0, 0, 2]


def test_a_topcon_circle_is_as_long_as_its_rim() -> None:
    scan = read(make.fds(GREY[:1], mode=1, size_mm=(3.4, make.circle(48, 0.02))))
    assert scan.pattern == "circle" and scan.spacing_mm.lateral == pytest.approx(0.02)


def test_cirrus_is_upright_and_its_name_says_the_rest() -> None:
    grey = make.speckle(4, 64, 80)
    name = "Mustermann_Macular Cube 80x4_5-6-2019_9-8-7_OS_sn41329_cube_z.img"
    scan = read(make.cirrus(grey), name)
    assert np.array_equal(pixels_of(scan), grey) and scan.laterality == "OS" and scan.acquired == make.TAKEN
    assert_spacing(scan, (6 / 3, 2 / 63, 6 / 79))
    assert scan.warnings == ("spacing_assumed",)
    with pytest.raises(ScanError):
        read(make.cirrus(grey)[:-1], name)


@settings(max_examples=25, deadline=None)
@given(sizes, steps, st.sampled_from(["OD", "OS"]))
def test_bioptigen_gives_back_size_spacing_and_side(size, spacing, eye) -> None:  # type: ignore[no-untyped-def]
    grey = make.speckle(*size)
    extent = tuple(step * count for step, count in zip(spacing, size, strict=True))
    scan = read(make.bioptigen(grey, size_mm=extent), f"P7_{eye}_1.OCT")
    assert_same_picture(scan, grey)
    assert_spacing(scan, spacing)
    assert scan.laterality == eye and scan.acquired == make.TAKEN


def test_optovue_needs_its_description_and_reads_each_of_its_scans() -> None:
    files = make.optovue([make.speckle(2, 40, 50, seed=1), make.speckle(3, 60, 44, seed=2)])
    assert_same_picture(read(files), make.speckle(2, 40, 50, seed=1))
    assert_same_picture(read(files, which=1), make.speckle(3, 60, 44, seed=2))
    assert read(files).laterality == "OD" and read(files).spacing_mm == Spacing() and read(files).series == 2
    with pytest.raises(ScanError) as caught:
        read(files[0][1], files[0][0])
    assert caught.value.code == "missing_files"


@settings(max_examples=30, deadline=None)
@given(sizes, steps, st.sampled_from(["R", "L"]), st.sampled_from(["shared", "frames", "root"]), st.sampled_from([1, 2]))
def test_dicom_gives_back_size_spacing_and_side(size, spacing, eye, place, depth) -> None:  # type: ignore[no-untyped-def]
    grey = make.speckle(*size)
    stored = grey if depth == 1 else grey.astype(np.uint16) * 100
    written = tuple(round(step, 6) for step in spacing)
    scan = read(make.dicom(stored, spacing=written, eye=eye, place=place))
    assert_same_picture(scan, grey)
    assert_spacing(scan, written)
    assert scan.laterality == ("OD" if eye == "R" else "OS") and scan.acquired == make.TAKEN
    assert scan.device == "Carl Zeiss Meditec CIRRUS HD-OCT 5000"


@pytest.mark.parametrize(("syntax", "off"), [("1.99", 0), ("5", 0), ("4.90", 0), ("4.91", 6), ("4.50", 6), ("4.70", 0)], ids=str)
def test_dicom_transfer_syntaxes(syntax: str, off: int) -> None:
    full = "1.2.840.10008.1.2." + ("1.99" if syntax == "1.99" else syntax)
    grey = make.speckle(3, 64, 72)
    scan = read(make.dicom(grey, syntax=full))
    assert np.abs(pixels_of(scan).astype(int) - grey).max() <= off


@pytest.mark.parametrize("eye", ["OD", "OS"])
def test_scrambled_zeiss_dicom(eye: str) -> None:
    """As the field describes it; there was no device's own file to try."""
    scan = read(make.zeiss_dicom(make.speckle(3, 96, 128), eye=eye))
    assert_same_picture(scan, make.speckle(3, 96, 128))
    assert scan.laterality == eye and scan.acquired == make.TAKEN
    assert (scan.spacing_mm.axial, scan.spacing_mm.lateral) == (pytest.approx(0.0039), pytest.approx(0.011))


def test_a_zeiss_frame_scrambled_in_another_way_says_so() -> None:
    with pytest.raises(ScanError) as caught:
        read(make.zeiss_dicom(GREY, scramble=lambda frame: frame.tobytes()))
    assert caught.value.code == "unsupported" and "Zeiss" in str(caught.value)


def test_a_jpeg_2000_frame_in_boxes_is_read_whatever_the_boxes_say() -> None:
    """pydicom went round for ever at a box of no length."""

    def boxed(frame: np.ndarray, length: int | None = None) -> bytes:
        out = io.BytesIO()
        Image.fromarray(frame).save(out, "JPEG2000", irreversible=False)
        data = bytearray(out.getvalue())
        if length is not None:
            data[12:16] = length.to_bytes(4, "big")
        return bytes(data)

    assert_same_picture(read(make.zeiss_dicom(GREY, scramble=boxed)), GREY)
    assert_same_picture(read(make.zeiss_dicom(GREY, scramble=lambda frame: boxed(frame, 0))), GREY)


def test_dicom_jpeg_ls_and_twelve_bits() -> None:
    """pydicom's own files: another body part is refused, after which these two kinds of compression would be left."""
    import pydicom

    folder = Path(pydicom.__file__).parent / "data/test_files"
    with pytest.raises(ScanError) as caught:
        read((folder / "CT_small.dcm").read_bytes())
    assert caught.value.code == "unsupported"
    for name in ("MR_small_jpeg_ls_lossless.dcm", "JPGExtended.dcm"):
        slide = pydicom.dcmread(folder / name)
        slide.Modality = "OPT"
        out = io.BytesIO()
        slide.save_as(out)
        assert read(out.getvalue()).pixels.std() > 5


def test_dicom_monochrome1_window_and_rescale() -> None:
    deep = GREY.astype(np.uint16) * 16
    window = {"WindowCenter": 2040, "WindowWidth": 4081}
    assert np.abs(pixels_of(read(make.dicom(deep, **window))).astype(int) - GREY).max() <= 1
    turned = pixels_of(read(make.dicom(deep, photometric="MONOCHROME1", **window))).astype(int)
    assert np.abs(255 - turned - GREY).max() <= 1
    moved = {"RescaleSlope": 2, "RescaleIntercept": -100, "WindowCenter": 3980, "WindowWidth": 8161}
    assert np.abs(pixels_of(read(make.dicom(deep, **moved))).astype(int) - GREY).max() <= 1


def test_a_dicom_photograph_is_a_fundus_picture_and_goes_beside_a_tomography() -> None:
    colour = np.zeros((80, 90, 3), np.uint8)
    colour[:, :45] = (200, 80, 20)
    photo = make.dicom(colour, photometric="RGB", modality="OP", series="9", eye="R", place="root")
    scan = read(photo)
    assert scan.modality == "fundus" and scan.laterality == "OD" and np.array_equal(scan.pixels, colour)
    both = read([("photo.dcm", photo), ("oct.dcm", make.dicom(GREY))])
    assert both.modality == "oct" and both.slices == 3 and both.en_face is not None and np.array_equal(both.en_face, colour)


def test_single_dicom_frames_of_a_series_are_put_in_order() -> None:
    files = [(f"{k}", make.dicom(GREY[k : k + 1], number=k + 1)) for k in (2, 0, 1)]
    assert np.array_equal(pixels_of(read(files)), GREY)
    assert np.array_equal(pixels_of(read(pack(files))), GREY)


def test_a_dicom_star_is_known_by_where_its_frames_lie() -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    groups = []
    for angle in np.linspace(0, np.pi, 3, endpoint=False):
        place, group = Dataset(), Dataset()
        x, y = 100 * np.cos(angle), 100 * np.sin(angle)
        place.ReferenceCoordinates = [float(v) for v in (200 - y, 200 - x, 200 + y, 200 + x)]
        group.OphthalmicFrameLocationSequence = Sequence([place])
        groups.append(group)
    scan = read(make.dicom(GREY, PerFrameFunctionalGroupsSequence=Sequence(groups)))
    assert scan.pattern == "radial" and scan.spacing_mm.slice is None and scan.spacing_mm.axial == pytest.approx(0.0039)


def test_a_dicom_thickness_is_no_distance_without_saying_so() -> None:
    scan = read(make.dicom(GREY, spacing=None, place="root", PixelSpacing=[0.004, 0.01], SliceThickness=0.2))
    assert scan.spacing_mm == (0.2, 0.004, 0.01) and scan.warnings == ("slice_distance_from_thickness",)
    places = [[0.0, 0.0, 0.15 * k] for k in range(3)]
    files = [
        (
            f"{k}",
            make.dicom(GREY[k : k + 1], spacing=None, place="root", PixelSpacing=[0.004, 0.01], number=k, ImagePositionPatient=p),
        )
        for k, p in enumerate(places)
    ]
    assert read(files).spacing_mm == pytest.approx((0.15, 0.004, 0.01)) and read(files).warnings == ()


def test_grey_dicom_photographs_have_three_channels() -> None:
    scan = read(make.dicom(make.speckle(1, 70, 80), modality="OP"))
    assert scan.modality == "fundus" and scan.pixels.shape == (70, 80, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_pictures_dropped_together_are_a_volume_in_natural_order(kind: str) -> None:
    grey = make.speckle(12, 64, 72)
    files = [(f"scan{k}.x", _encoded(one, kind)) for k, one in enumerate(grey)]
    scan = read(files[::-1])
    assert_same_picture(scan, grey)
    assert scan.modality == "oct" and scan.pattern == "volume"
    assert np.array_equal(pixels_of(read(pack(files), "a.zip")), pixels_of(scan))


def _encoded(pixels: np.ndarray, kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def test_pictures_that_are_no_volume_are_refused() -> None:
    differ = [
        ("1.png", _encoded(GREY[0][:, :40].repeat(2, 0).repeat(2, 1), "PNG")),
        ("2.png", _encoded(make.speckle(1, 70, 90)[0], "PNG")),
    ]
    red = np.zeros((80, 80, 3), np.uint8)
    red[..., 0] = 200
    photographs = [(f"{k}.png", _encoded(red, "PNG")) for k in range(2)]
    for files in (differ, photographs, [("a.vol", make.vol(GREY)), ("b.vol", make.vol(GREY))]):
        with pytest.raises(ScanError) as caught:
            read(files)
        assert caught.value.code == "several_scans"


def test_a_zip_of_one_volume_is_that_volume() -> None:
    files = [("a/readme.txt", b"words"), ("a/scan.vol", make.vol(GREY)), ("__MACOSX/a/._scan.vol", b"\0" * 99)]
    assert np.array_equal(pixels_of(read(pack(files))), GREY)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_npz_and_npy(dtype: str) -> None:
    array = GREY.astype(dtype)
    out = io.BytesIO()
    np.savez_compressed(out, volume=array, spacing_mm=(0.1, 0.004, 0.01), laterality="OS")
    scan = read(out.getvalue(), "a.npz")
    assert_same_picture(scan, GREY)
    assert scan.spacing_mm == (0.1, 0.004, 0.01) and scan.laterality == "OS"
    out = io.BytesIO()
    np.save(out, np.asfortranarray(array))
    assert_same_picture(read(out.getvalue()), GREY)


def test_numbers_that_are_none_are_no_data() -> None:
    array = GREY.astype(np.float32)
    array[:, :5] = np.nan
    out = io.BytesIO()
    np.save(out, array)
    scan = read(out.getvalue())
    assert scan.no_data is not None and scan.no_data.sum() == 5 * 48 * 3 and not pixels_of(scan)[:, :5].any()


@settings(max_examples=25, deadline=None)
@given(st.tuples(st.integers(2, 6), st.integers(32, 60), st.integers(32, 60)), steps, st.booleans(), st.booleans())
def test_nifti_in_either_order_of_axes(size, spacing, packed, first) -> None:  # type: ignore[no-untyped-def]
    grey = make.speckle(*size)
    array, given_steps = (grey, spacing) if first else (grey.transpose(2, 1, 0), spacing[::-1])
    scan = read(make.nifti(array, given_steps, packed=packed), "a.nii")
    assert np.array_equal(pixels_of(scan), grey)
    assert_spacing(scan, spacing)
    assert scan.warnings == (("axes_assumed",) if first else ())


def test_nifti_in_micrometres() -> None:
    assert_spacing(read(make.nifti(GREY.transpose(2, 1, 0), (11.0, 3.9, 120.0), unit="micron")), (0.12, 0.0039, 0.011))


def test_deep_pages_and_turned_pages_of_a_tiff() -> None:
    deep = GREY.repeat(2, 1).repeat(2, 2).astype(np.uint16) * 257
    pages = [Image.fromarray(one) for one in deep]
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    assert_same_picture(read(out.getvalue()), deep)
    turned = np.ascontiguousarray(np.rot90(deep[0]))
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.fromarray(turned).save(out, "TIFF", exif=exif)
    assert read(out.getvalue()).pixels.shape == deep[0].shape


def test_files_dropped_at_once_are_parted_into_scans() -> None:
    picture = ("a.png", _encoded(make.speckle(1, 70, 90)[0], "PNG"))
    export, pair = make.xml_export(GREY), make.optovue([GREY])
    slides = [(f"{k}.dcm", make.dicom(GREY[k : k + 1], number=k)) for k in range(3)]
    parts = bundles([*pair, *export, *slides, ("b.vol", make.vol(GREY))])
    assert sorted(len(part) for part in parts) == [1, 2, 3, 5]
    assert all(read(part).slices == 3 for part in parts)
    assert bundles([picture, picture]) == [[picture], [picture]]


EVERY = {
    "vol": lambda: read(make.vol(GREY)),
    "xml": lambda: read(make.xml_export(GREY)),
    "e2e": lambda: read(make.e2e([(GREY, "R")])),
    "fda": lambda: read(make.fda(GREY)),
    "fds": lambda: read(make.fds(GREY)),
    "img": lambda: read(make.cirrus(GREY), "Mustermann_Macular Cube 48x3_5-6-2019_OD_cube_z.img"),
    "bioptigen": lambda: read(make.bioptigen(GREY), "Mustermann_OD.OCT"),
    "optovue": lambda: read(make.optovue([GREY])),
    "dicom": lambda: read(make.dicom(GREY), "Mustermann.dcm"),
    "zip": lambda: read(pack([("Mustermann.vol", make.vol(GREY))]), "Mustermann.zip"),
}


@pytest.mark.parametrize("kind", EVERY)
def test_nothing_of_the_person_is_kept(kind: str) -> None:
    scan = EVERY[kind]()
    words = repr({f.name: getattr(scan, f.name) for f in dataclasses.fields(scan)})
    assert not any(secret in words for secret in (make.PERSON, "Mustermann", "4711", "1950"))


def test_exif_is_not_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = make.PERSON
    out = io.BytesIO()
    Image.fromarray(make.speckle(1, 70, 90)[0]).save(out, "JPEG", exif=exif, comment=make.PERSON.encode())
    scan = read(out.getvalue())
    assert make.PERSON not in repr(scan)


def test_reading_imports_no_training_framework() -> None:
    code = (
        "import sys; import octcore.readers as r; light = set(sys.modules) & {'pydicom', 'nibabel', 'defusedxml', 'scipy'};"
        "from tests.octcore import vendor_files as m; g = m.speckle(3, 40, 48);"
        "[r.read(d) for d in (m.vol(g), m.e2e([(g, 'R')]), m.fda(g), m.dicom(g), m.xml_export(g), m.nifti(g, (1, 1, 1)))];"
        "print(light, set(sys.modules) & {'torch', 'tensorflow', 'keras'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "set() set()"


@pytest.mark.skipif(not VENDOR.exists(), reason="the shared data are not here")
def test_eyepys_own_samples_open() -> None:
    vol = read((VENDOR / "heyex_vol/test_volume.vol").read_bytes())
    export = read([(path.name, path.read_bytes()) for path in (VENDOR / "heyex_xml/test_volume").iterdir()])
    for scan in (vol, export):
        assert scan.slices == 10 and scan.laterality == "OD"
        assert scan.spacing_mm == pytest.approx((0.03144, 0.003872, 0.011819), rel=1e-3)
