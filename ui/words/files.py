"""What is said of files: why one cannot be read, and what a reader had to assume."""

EN = {
    "error.volume_too_large": "{name}: the volume is too large. Up to 160 million voxels and 512 MB are read.",
    "error.unsafe": "{name}: this file would unpack to far more than it holds, or hides another archive or code. It was not opened.",
    "error.encrypted": "{name}: the archive has a password. Unpack it and drop the files.",
    "error.missing_files": "{name}: its companion files are missing. Drop the whole folder or a ZIP (XML with its images, .OCT with its .txt).",
    "error.several_scans": "{name}: these files are not one volume. Drop them one at a time.",
    "error.no_scan": "{name}: there is no scan in it that can be read.",
    "warning.spacing_assumed": "Spacing is assumed (6 × 6 × 2 mm cube), not stored in the file.",
    "warning.spacing_estimated": "Lateral and slice spacing are estimated for an eye of medium length.",
    "warning.slice_distance_from_thickness": "The slice distance is taken from the slice thickness.",
    "warning.axes_assumed": "The order of the axes is assumed; check the orientation.",
    "warning.slices_missing": "Some B-scans of the export are missing.",
    "warning.slices_differ": "B-scans of another size were left out.",
    "warning.size_differs": "The images were rescaled at export; the spacing is adjusted.",
    "warning.several_series": "The file holds several volumes; one is shown.",
    "warning.only_first_page": "Only the first page is shown.",
}

ZH = {
    "error.volume_too_large": "{name}：体数据过大。最多 1.6 亿体素、512 MB。",
    "error.unsafe": "{name}：该文件解压后会异常膨胀，或内含压缩包或代码，未打开。",
    "error.encrypted": "{name}：压缩包有密码。请先解压再拖入文件。",
    "error.missing_files": "{name}：缺少配套文件。请拖入整个文件夹或 ZIP（XML 连同图像，.OCT 连同 .txt）。",
    "error.several_scans": "{name}：这些文件不属于同一体数据。请逐个拖入。",
    "error.no_scan": "{name}：其中没有可读取的扫描。",
    "warning.spacing_assumed": "像素间距按 6×6×2 mm 假定，文件未记录。",
    "warning.spacing_estimated": "横向与层间距按中等眼轴长度估算。",
    "warning.slice_distance_from_thickness": "层间距取自层厚。",
    "warning.axes_assumed": "轴顺序为推定，请核对方向。",
    "warning.slices_missing": "导出缺少部分 B 扫描。",
    "warning.slices_differ": "已略去尺寸不同的 B 扫描。",
    "warning.size_differs": "图像导出时被缩放，间距已相应调整。",
    "warning.several_series": "文件含多个体数据，仅显示其一。",
    "warning.only_first_page": "仅显示第一页。",
}
