"""Several pictures, each a B-scan, to one volume."""

from __future__ import annotations

import numpy as np

from octcore.readers.archive import Files, natural
from octcore.readers.images import SYNTHETIC_MARK, open_picture, read_image, stored, to_grey
from octcore.readers.levels import eight_bits
from octcore.readers.limits import check_picture, check_volume, damaged
from octcore.scan import Scan, ScanError


def read_stack(files: Files, sha256: str) -> Scan:
    """Pictures of one size, in the natural order of their names. Raises `ScanError`: several_scans (sizes differ, or
    photographs), and as `read_image`."""
    if len(files) == 1:
        return read_image(files[0][1], sha256)
    ordered = sorted(files, key=lambda file: (natural(file[0]), file[0]))
    sizes = set()
    synthetic = True
    for _, data in ordered:
        picture = open_picture(data)
        sizes.add(picture.size)
        synthetic = synthetic and SYNTHETIC_MARK in picture.info
    if len(sizes) > 1:
        raise ScanError("several_scans", "These images differ in size: they are not one volume. Drop them one at a time.")
    width, height = sizes.pop()
    check_picture(width, height)
    check_volume(len(ordered), height, width)
    slices = []
    for _, data in ordered:
        try:
            grey = to_grey(stored(open_picture(data)))
        except Exception as error:  # decoders raise whatever they like
            raise damaged() from error
        if grey is None:
            raise ScanError("several_scans", "These are colour photographs, not one volume. Drop them one at a time.")
        slices.append(grey)
    if len({one.shape for one in slices}) > 1:
        raise ScanError("several_scans", "These images differ in size: they are not one volume. Drop them one at a time.")
    if len({one.dtype for one in slices}) > 1:
        slices = [eight_bits(one[None])[0] for one in slices]
    volume = eight_bits(np.stack(slices))
    return Scan.of_slices(volume, sha256=sha256, format="images", synthetic=synthetic, pattern="volume")
