"""Writes small files of the devices' formats, for the readers' tests. Names and birth dates in them must not come out.

The layouts were held against eyepy 0.21 and oct-converter 0.7, which read these files.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Callable
from datetime import date, datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Volume = NDArray[np.uint8]
PERSON = "Mustermann"
BORN = date(1950, 3, 4)
TAKEN = date(2019, 5, 6)


def speckle(slices: int = 3, height: int = 40, width: int = 48, seed: int = 0) -> Volume:
    """uint8 (slices, height, width): brighter below and at the right, so that a flip or a transpose shows."""
    rng = np.random.default_rng(seed)
    ramp = (
        np.linspace(20, 140, height)[:, None] + np.linspace(0, 60, width)[None] + 10 * np.arange(slices)[:, None, None] / slices
    )
    return np.asarray(np.clip(ramp + rng.normal(0, 8, (slices, height, width)), 1, 230), np.uint8)


def reflectance(grey: Volume) -> NDArray[np.float32]:
    """The raw values that Spectralis shows as ``grey``."""
    return np.asarray(np.exp(grey.astype(np.float64) / 255 * 8.285 - 8.3) - 2.44e-4, np.float32).clip(0, 1)


def _ticks(day: date) -> int:
    return int((datetime(day.year, day.month, day.day, 12) - datetime(1601, 1, 1)).total_seconds()) * 10**7


def vol(
    grey: Volume,
    *,
    spacing: tuple[float, float, float] = (0.12, 0.0039, 0.011),
    eye: str = "OS",
    pattern: int = 3,
    no_data: NDArray[np.bool_] | None = None,
    lines: list[tuple[float, float, float, float]] | None = None,
    en_face: bool = True,
) -> bytes:
    """Heidelberg .vol."""
    slices, height, width = grey.shape
    raw = reflectance(grey)
    if no_data is not None:
        raw[no_data] = np.finfo(np.float32).max
    slo = np.asarray(np.arange(30 * 32).reshape(30, 32) % 251, np.uint8) if en_face else np.zeros((0, 0), np.uint8)
    header = struct.pack(
        "<12sIIIdddIIddId4sQiI16s16sI24sdI24sd", b"HSF-OCT-103", width, slices, height, spacing[2], spacing[0], spacing[1],
        slo.shape[1], slo.shape[0], 0.011, 0.011, 30, 0.5, eye.encode(), _ticks(TAKEN), pattern, 512, b"42", b"", 7,
        PERSON.encode(), float((BORN - date(1899, 12, 30)).days), 1, b"", float((TAKEN - date(1899, 12, 30)).days),
    )  # fmt: skip
    out = header.ljust(2048, b"\0") + slo.tobytes()
    for k in range(slices):
        line = lines[k] if lines else (1.0, 5 - k * spacing[0], 1 + width * spacing[2], 5 - k * spacing[0])
        out += struct.pack("<12sI4dII", b"HSF-BS-103", 512, *line, 0, 256).ljust(512, b"\0") + raw[k].astype("<f4").tobytes()
    return out


def xml_export(
    grey: Volume,
    *,
    spacing: tuple[float, float, float] = (0.12, 0.0039, 0.011),
    eye: str = "R",
    kind: str = "Volume",
    sparse: bool = False,
    encoding: str = "utf-8",
    suffix: str = "tif",
) -> list[tuple[str, bytes]]:
    """HEYEX' XML and its pictures. ``sparse``: as hospitals' exports are, without the fields that eyepy insists on."""
    images = [_xml_image("LOCALIZER", "NIR1.tif", eye, 64, 64, (0.0, 0.02, 0.02), None)]
    files = [("NIR1.tif", _encoded(np.asarray(np.arange(64 * 64).reshape(64, 64) % 255, np.uint8), "TIFF"))]
    for k, one in enumerate(grey):
        file = f"B{k + 1}.{suffix}"
        images.append(_xml_image("OCT", file, eye, one.shape[1], one.shape[0], spacing, k))
        files.append((file, _encoded(one, "TIFF" if suffix == "tif" else suffix.upper())))
    born = "" if sparse else f"<Birthdate><Date><Year>{BORN.year}</Year><Month>3</Month><Day>4</Day></Date></Birthdate>"
    examined = f"<Date><Year>{TAKEN.year}</Year><Month>{TAKEN.month:02}</Month><Day>{TAKEN.day:02}</Day></Date>"
    text = (
        f'<?xml version="1.0"?>\n<HEDX><BODY><Patient><ID>7</ID><LastName>{PERSON}-Müller</LastName>{born}<Study><ID>1</ID>'
        f"<StudyDate>{examined}</StudyDate><Series><ID>9</ID><Type>{kind}</Type>"
        + ("" if sparse else f"<Laterality>{eye}</Laterality><ReferenceSeries><ExamDate>{examined}</ExamDate></ReferenceSeries>")
        + f"{''.join(images)}</Series></Study></Patient></BODY></HEDX>"
    )
    return [("Export.xml", text.encode(encoding)), *files]


def _xml_image(
    kind: str, file: str, eye: str, width: int, height: int, spacing: tuple[float, float, float], k: int | None
) -> str:
    ends = ""
    if k is not None:
        y, x = 5 - k * spacing[0], 1 + width * spacing[2]
        ends = "".join(f"<{end}><Coord><X>{at}</X><Y>{y}</Y></Coord></{end}>" for end, at in (("Start", 1.0), ("End", x)))
    return (
        f"<Image><Laterality>{eye}</Laterality><ImageType><Type>{kind}</Type></ImageType><OphthalmicAcquisitionContext>"
        f"<Width>{width}</Width><Height>{height}</Height><ScaleX>{spacing[2]}</ScaleX><ScaleY>{spacing[1]}</ScaleY>{ends}"
        f"</OphthalmicAcquisitionContext><ImageData><ExamURL>\\\\server\\share\\{PERSON}\\{file}</ExamURL></ImageData></Image>"
    )


def _encoded(pixels: NDArray[np.uint8], kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def e2e(
    volumes: list[tuple[Volume, str]],
    *,
    degrees: tuple[float, float] = (0.4, 20.0),
    axial: float = 0.0039,
    pattern: int = 3,
    multiple: bool = False,
    no_data: NDArray[np.bool_] | None = None,
) -> bytes:
    """Heidelberg .e2e with one series for each volume and side (R or L). ``degrees``: between B-scans, and across one."""
    records: list[tuple[tuple[int, int, int], int, int, int, bytes]] = []
    for series, (grey, eye) in enumerate(volumes, 100):
        key = (7, 1, series)
        slices, height, width = grey.shape
        records.append((key, -1, 0, 9, PERSON.encode().ljust(131, b"\0")))
        records.append((key, -1, 0, 11, b"\0" * 14 + eye.encode() + b"\0" * 12))
        en_face = np.asarray(np.arange(30 * 32).reshape(30, 32) % 251, np.uint8)
        records.append((key, 0, 0, 0x40000000, struct.pack("<5I", 980, 33620481, 960, 30, 32) + en_face.tobytes()))
        raw = _ufloat16(reflectance(grey))
        if no_data is not None:
            raw[no_data] = 0xFFFF
        for k in reversed(range(slices)):
            y = 5 - k * degrees[0]
            meta = struct.pack("<3I4fI3f", 0, height, width, -degrees[1] / 2, y, degrees[1] / 2, y, 0, 0.0, axial, 0.0)
            meta += struct.pack("<I2fI4I2fIQ", 0, 0, 0, 0, width, slices, k, pattern, 0, y, 0, _ticks(TAKEN))
            records.append((key, 2 * k, 0, 10004, meta.ljust(428, b"\0")))
            body = struct.pack("<5I", raw[k].nbytes, 35652097, raw[k].size, height, width) + raw[k].tobytes()
            records.append((key, 2 * k, 1, 0x40000000, body))
    directory = 36 + 52
    first_record = directory + 52 + 44 * len(records)
    table, bodies, at = b"", b"", first_record
    for (patient, study, series), index, kind, type_, body in records:
        entry = struct.pack("<4I", 1, at, len(body), 0) + struct.pack(
            "<3IiHHII", patient, study, series, index, kind, 0, type_, 0
        )
        head = struct.pack("<12s5I", b"MDbData", 0, 0, 1, len(body), 0)
        table += entry
        bodies += head + struct.pack("<3IiHHII", patient, study, series, index, kind, 0, type_, 0) + body
        at += 60 + len(body)
    version = struct.pack("<12sI20s", b"CMDb", 100, b"")
    main = struct.pack("<12sI20s4I", b"MDbMDir", 100, b"", 512, directory, 0, 0)
    chunk = struct.pack("<12sI20s4I", b"MDbDir", 100, b"", len(records), directory, 0, 0)
    return (b"E2EMultipleVolumeFile".ljust(64, b"\0") if multiple else b"") + version + main + chunk + table + bodies


def _ufloat16(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Unsigned 16-bit floats: 6 bits of exponent, 10 of fraction."""
    exponent = np.floor(np.log2(np.maximum(values, 2.0**-40)))
    fraction = np.round((np.maximum(values, 2.0**-40) / 2**exponent - 1) * 1024).clip(0, 1023)
    return np.asarray((exponent + 63) * 1024 + fraction, np.uint16)


def _chunk(name: str, body: bytes) -> bytes:
    return struct.pack("<B", len(name)) + name.encode() + struct.pack("<I", len(body)) + body


def _topcon(kind: bytes, chunks: list[tuple[str, bytes]], eye: int, size_mm: tuple[float, float], axial_um: float) -> bytes:
    common = [
        ("@PATIENT_INFO_02", PERSON.encode().ljust(104, b"\0") + struct.pack("<B3H", 1, BORN.year, 3, 4) + bytes(600)),
        ("@CAPTURE_INFO_02", struct.pack("<BBI100s6H", eye, 2, 1, b"", TAKEN.year, TAKEN.month, TAKEN.day, 9, 8, 7)),
        ("@HW_INFO_03", b"3DOCT-2000".ljust(16, b"\0") + bytes(84)),
        ("@PARAM_SCAN_04", struct.pack("<3I5dBB", 0, 0, 0, size_mm[1], size_mm[0], axial_um, 0, 0, 0, 0)),
    ]
    head = struct.pack("<4s3sII", b"FOCT", kind, 2, 1000)
    return head + b"".join(_chunk(name, body) for name, body in [*common, *chunks]) + b"\0"


def fds(grey: Volume, *, eye: int = 0, size_mm: tuple[float, float] = (6.0, 4.5), axial_um: float = 3.5, mode: int = 2) -> bytes:
    """Topcon .fds: ``size_mm`` is down (over the slices) and across."""
    slices, height, width = grey.shape
    body = struct.pack("<B4IBI", mode, width, height, 16, slices, 1, grey.size * 2) + (grey.astype("<u2") * 200).tobytes()
    photo = np.zeros((20, 24, 3), np.uint8)
    photo[..., 2] = 180  # stored blue first
    photo[..., 0] = 40
    fundus = struct.pack("<4IBI", 24, 20, 24, 1, 0, photo.nbytes) + photo.tobytes()
    return _topcon(b"FDS", [("@IMG_SCAN_03", body), ("@IMG_OBS", fundus)], eye, size_mm, axial_um)


def fda(grey: Volume, *, eye: int = 1, size_mm: tuple[float, float] = (6.0, 4.5), axial_um: float = 2.6, mode: int = 2) -> bytes:
    """Topcon .fda: lossless JPEG 2000 frames."""
    slices, height, width = grey.shape
    body = struct.pack("<B6I", mode, 0, 0, width, height, slices, 0)
    for one in grey:
        frame = _encoded(one, "JPEG2000")
        body += struct.pack("<I", len(frame)) + frame
    photo = np.zeros((20, 24, 3), np.uint8)
    photo[..., 0] = 180
    picture = _encoded(photo, "JPEG2000")
    fundus = struct.pack("<4I4sI", 24, 20, 24, 1, b"", len(picture)) + picture
    return _topcon(b"FDA", [("@IMG_JPEG", body), ("@IMG_FUNDUS", fundus)], eye, size_mm, axial_um)


def cirrus(grey: Volume) -> bytes:
    """Zeiss .img of a volume that is upright: the device stores the deepest row first, and mirrored."""
    return np.ascontiguousarray(grey[:, ::-1, ::-1]).tobytes()


def bioptigen(grey: Volume, *, size_mm: tuple[float, float, float] = (6.0, 1.7, 5.5), scan_type: int = 1) -> bytes:
    """Bioptigen .OCT: ``size_mm`` is down (over the slices), deep and across."""

    def entry(key: str, value: bytes) -> bytes:
        return struct.pack("<I", len(key)) + key.encode() + struct.pack("<I", len(value)) + value

    def whole(n: int) -> bytes:
        return struct.pack("<I", n)

    def real(x: float) -> bytes:
        return struct.pack("<d", x)

    slices, rows, columns = grey.shape
    fields = [
        ("FRAMECOUNT", whole(slices)), ("LINECOUNT", whole(columns)), ("LINELENGTH", whole(rows)), ("SAMPLEFORMAT", whole(3)),
        ("DESCRIPTION", PERSON.encode()), ("XMIN", real(0)), ("XMAX", real(1)), ("XCAPTION", b"Azimuth"), ("YMIN", real(0)),
        ("YMAX", real(1)), ("YCAPTION", b"Depth"), ("SCANTYPE", whole(scan_type)), ("SCANDEPTH", real(size_mm[1])),
        ("SCANLENGTH", real(size_mm[2])), ("AZSCANLENGTH", real(size_mm[2])), ("ELSCANLENGTH", real(size_mm[0])),
        ("OBJECTDISTANCE", real(0)), ("SCANANGLE", real(0)), ("SCANS", whole(slices)), ("FRAMES", whole(1)),
        ("DOPPLERFLAG", whole(0)), ("CONFIG", b"\1\2\3\4"),
    ]  # fmt: skip
    out = struct.pack("<IHI", 0x0C7DA3E5, 0x010A, 11) + b"FRAMEHEADER" + whole(0)
    out += b"".join(entry(key, value) for key, value in fields) + whole(0)
    for one in grey:
        samples = np.ascontiguousarray(one.T.astype("<u2") * 16).tobytes()
        when = struct.pack("<8H", TAKEN.year, TAKEN.month, 1, TAKEN.day, 9, 8, 7, 0)
        body = entry("FRAMEDATETIME", when) + entry("FRAMETIMESTAMP", real(1.0)) + entry("FRAMELINES", whole(columns))
        out += whole(9) + b"FRAMEDATA" + whole(len(body)) + body + entry("FRAMESAMPLES", samples) + whole(0)
    return out


def optovue(volumes: list[Volume], *, eye: str = "OD") -> list[tuple[str, bytes]]:
    """Optovue .OCT and its .txt."""
    lines, raw = [f"Patient Name={PERSON}", f"Eye Scanned={eye}", "Video Width=640", "Physical video width=9 mm"], b""
    for grey in volumes:
        slices, rows, columns = grey.shape
        lines += [f"OCT Window Height = {rows}", f"XY Scan Length = {columns}", f"Scan Usage = {slices}"]
        raw += np.ascontiguousarray(grey[:, ::-1].transpose(0, 2, 1).astype("<f4")).tobytes()
    name = f"scan_{TAKEN.isoformat()}_09.08.07"
    return [(f"{name}.OCT", raw), (f"{name}.txt", "\n".join(lines).encode())]


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def nifti(array: NDArray[np.generic], steps: tuple[float, float, float], *, unit: str = "mm", packed: bool = False) -> bytes:
    """NIfTI-1 of an array in the file's own axes, written by nibabel."""
    import gzip

    import nibabel

    image = nibabel.Nifti1Image(array, np.diag([*steps, 1.0]))
    image.header.set_xyzt_units(unit)
    data = image.to_bytes()
    return gzip.compress(data) if packed else data


def dicom(
    stored: NDArray[np.generic],
    *,
    syntax: str = "1.2.840.10008.1.2.1",
    photometric: str = "MONOCHROME2",
    spacing: tuple[float, float, float] | None = (0.12, 0.0039, 0.011),
    place: str = "shared",
    eye: str = "L",
    modality: str = "OPT",
    series: str = "1.2.3",
    number: int = 1,
    **elements: object,
) -> bytes:
    """DICOM of frames (n, H, W) or one colour picture (H, W, 3), written by pydicom. ``place``: where spacing and side
    are: shared or per-frame functional groups, or the root."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.sequence import Sequence
    from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

    colour = stored.ndim == 3 and stored.shape[2] == 3 and photometric != "MONOCHROME2"
    frames = 1 if colour else stored.shape[0]
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    kind = {"OPT": "1.2.840.10008.5.1.4.1.1.77.1.5.4", "OP": "1.2.840.10008.5.1.4.1.1.77.1.5.1"}[modality]
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = UID(kind)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid()
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = PERSON, "4711", BORN.strftime("%Y%m%d")
    ds.Modality, ds.SeriesInstanceUID, ds.InstanceNumber = modality, series, number
    ds.Manufacturer, ds.ManufacturerModelName = "Carl Zeiss Meditec", "CIRRUS HD-OCT 5000"
    ds.AcquisitionDateTime = TAKEN.strftime("%Y%m%d") + "090807"
    ds.Rows, ds.Columns = stored.shape[:2] if colour else stored.shape[1:]
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.SamplesPerPixel, ds.PhotometricInterpretation = (3, photometric) if colour else (1, photometric)
    if colour:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = ds.BitsStored = stored.dtype.itemsize * 8
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(stored.dtype.kind == "i")
    if place == "root":
        ds.ImageLaterality = eye
        if spacing:
            ds.PixelSpacing, ds.SpacingBetweenSlices = list(spacing[1:]), spacing[0]
    else:
        measures, anatomy, group = Dataset(), Dataset(), Dataset()
        if spacing:
            measures.PixelSpacing, measures.SpacingBetweenSlices = list(spacing[1:]), spacing[0]
            group.PixelMeasuresSequence = Sequence([measures])
        anatomy.FrameLaterality = eye
        group.FrameAnatomySequence = Sequence([anatomy])
        if place == "shared":
            ds.SharedFunctionalGroupsSequence = Sequence([group])
        else:
            ds.PerFrameFunctionalGroupsSequence = Sequence([group] * frames)
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    ds.PixelData = np.ascontiguousarray(stored).tobytes()
    if syntax != "1.2.840.10008.1.2.1":
        _compress(ds, stored if not colour else stored[None], UID(syntax))
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def zeiss_dicom(
    frames: NDArray[np.uint8],
    *,
    eye: str = "OS",
    spacing: tuple[float, float] = (0.0039, 0.011),
    scramble: Callable[[NDArray[np.uint8]], bytes] | None = None,
) -> bytes:
    """DICOM as a Cirrus writes it unless told otherwise: frames scrambled, texts that go on behind their end."""
    from pydicom import dcmread
    from pydicom.dataelem import RawDataElement
    from pydicom.encaps import encapsulate
    from pydicom.tag import Tag
    from pydicom.uid import JPEG2000Lossless

    ds = dcmread(io.BytesIO(dicom(frames, place="root", spacing=None)))
    for keyword, kind, words in (
        ("Laterality", "CS", eye.encode()),
        ("PixelSpacing", "DS", b"%g,%g" % spacing),
        ("AcquisitionDateTime", "DT", TAKEN.strftime("%Y%m%d090807").encode()),
    ):
        value = words + b"\0" + b"\x17-\xfe7" * 2 + b"\0" * (1 - len(words) % 2)
        ds[keyword] = RawDataElement(Tag(keyword), kind, len(value), value, 0, False, True)
    del ds.ImageLaterality
    ds.PixelData = encapsulate([(scramble or _scrambled)(frame) for frame in frames])
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = JPEG2000Lossless
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _scrambled(frame: NDArray[np.uint8]) -> bytes:
    """The eight parts of a .jp2 file in the device's order, every seventh byte masked."""
    out = io.BytesIO()
    Image.fromarray(frame).save(out, "JPEG2000", irreversible=False)
    data = out.getvalue()
    middle = len(data) * 3 // 5
    cuts = (0, 253, 276, 763, 1016, middle, middle + 23, middle + 253, len(data))
    parts = [data[start:end] for start, end in pairwise(cuts)]
    moved = bytearray(b"".join(parts[k] for k in (5, 3, 2, 6, 1, 4, 0, 7)))
    for place in range(0, len(moved), 7):
        moved[place] ^= 0x5A
    return bytes(moved)


def _compress(ds: object, frames: NDArray[np.generic], syntax: object) -> None:
    from pydicom.dataset import Dataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import UID, RLELossless

    assert isinstance(ds, Dataset) and isinstance(syntax, UID)
    if syntax in (RLELossless, "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"):
        if syntax == "1.2.840.10008.1.2.4.91":
            ds.compress(syntax, j2k_cr=[2])
        else:
            ds.compress(syntax, generate_instance_uid=False)
        return
    if str(syntax).endswith(".4.50"):
        ds.PixelData = encapsulate([_jpeg(np.asarray(one, np.uint8)) for one in frames])
    elif str(syntax).endswith(".4.70"):
        ds.PixelData = encapsulate([jpeg_lossless(one) for one in frames])
    elif str(syntax).endswith(".1.99"):
        ds.file_meta.TransferSyntaxUID = syntax
        return
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = syntax


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=98, subsampling=0)
    return out.getvalue()


def jpeg_lossless(pixels: NDArray[np.generic]) -> bytes:
    """JPEG lossless (process 14, first-order prediction), which Pillow does not write: (H, W) of 8 to 16 bits."""
    height, width = pixels.shape
    values = pixels.astype(np.int64)
    depth = pixels.dtype.itemsize * 8
    before = np.empty_like(values)
    before[:, 1:] = values[:, :-1]
    before[1:, 0] = values[:-1, 0]
    before[0, 0] = 1 << (depth - 1)
    steps = (values - before + 32768) % 65536 - 32768
    bits = []
    for step in steps.reshape(-1):
        size = int(abs(int(step))).bit_length()
        code = f"{size:05b}"  # seventeen categories, each with a code of five bits
        more = int(step) if step > 0 else int(step) + (1 << size) - 1
        bits.append(code + (f"{more:0{size}b}" if size else ""))
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    scan = int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\0")
    frame = struct.pack(">HBHHBBBB", 11, depth, height, width, 1, 1, 0x11, 0)
    table = struct.pack(">HB16B", 19 + 17, 0, *([0] * 4), 17, *([0] * 11)) + bytes(range(17))
    start = struct.pack(">HBBBBBB", 8, 1, 1, 0, 1, 0, 0)
    return b"\xff\xd8\xff\xc3" + frame + b"\xff\xc4" + table + b"\xff\xda" + start + scan + b"\xff\xd9"


def circle(columns: int, spacing: float) -> float:
    """The diameter, in millimetres, of a circle with so many A-scans so far apart."""
    return columns * spacing / math.pi
