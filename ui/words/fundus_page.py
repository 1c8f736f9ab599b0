"""The fundus page's words."""

EN = {
    "fundus.title": "Fundus photographs",
    "fundus.drop": "Drop colour photographs of the fundus here: JPEG, PNG, TIFF, BMP, WebP or DICOM, also as ZIP",
    "fundus.try": "No photograph at hand? Try a synthetic one, drawn by this program:",
    "fundus.try_one": "Synthetic photograph",
    "fundus.nothing": "Drop a photograph above: the result appears here and is kept in your history.",
}

ZH = {
    "fundus.title": "眼底照片",
    "fundus.drop": "将彩色眼底照片拖到此处：JPEG、PNG、TIFF、BMP、WebP 或 DICOM，也可为 ZIP",
    "fundus.try": "手边没有照片？试试由本程序绘制的合成示例：",
    "fundus.try_one": "合成照片",
    "fundus.nothing": "请在上方拖入照片：结果显示在此处并保存到历史记录。",
}
