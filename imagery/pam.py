"""Class names and colours as GDAL and QGIS look for them: the sidecar `<file>.aux.xml` (Persistent Auxiliary Metadata).

A TIFF holds a colour table only for a palette image of one band, and no class names at all; why the sidecar is the way
for a map of three bands is told in docs/decisions/0004-colour-table-in-a-three-band-cog.md.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from imagery.legend import Legend, color_table, rgb

# Numbers of GDAL's GDALRATFieldType and GDALRATFieldUsage
_INTEGER, _STRING = 0, 2
_COLUMNS = (
    ("Value", _INTEGER, 5),
    ("Class", _STRING, 2),
    ("Name", _STRING, 0),
    ("Red", _INTEGER, 6),
    ("Green", _INTEGER, 7),
    ("Blue", _INTEGER, 8),
    ("Alpha", _INTEGER, 9),
)
_TRANSPARENT = (0, 0, 0, 0)


def sidecar_path(raster: Path) -> Path:
    """Return where GDAL looks for the sidecar of a raster: its name with `.aux.xml` behind."""
    return raster.with_name(raster.name + ".aux.xml")


def pam_xml(legend: Legend) -> bytes:
    """Return the sidecar of a class band: category names, colour table, attribute table, all for band 1."""
    root = ET.Element("PAMDataset")
    band = ET.SubElement(root, "PAMRasterBand", band="1")
    ET.SubElement(band, "ColorInterp").text = "Palette"
    titles, colors = {entry.code: entry.title for entry in legend}, color_table(legend)
    names, table = ET.SubElement(band, "CategoryNames"), ET.SubElement(band, "ColorTable")
    for code in range(max(titles) + 1):
        ET.SubElement(names, "Category").text = titles.get(code, "")
        numbers = zip(("c1", "c2", "c3", "c4"), colors.get(code, _TRANSPARENT), strict=True)
        ET.SubElement(table, "Entry", {key: str(number) for key, number in numbers})
    band.append(_attribute_table(legend))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode").encode()


def read_categories(raster: Path) -> dict[int, str]:
    """Return pixel value -> class title of a raster's sidecar; empty when it has none."""
    path = sidecar_path(raster)
    if not path.is_file():
        return {}
    names = ET.fromstring(path.read_bytes()).findall("./PAMRasterBand[@band='1']/CategoryNames/Category")  # noqa: S314
    return {code: name.text for code, name in enumerate(names) if name.text}


def _attribute_table(legend: Legend) -> ET.Element:
    """Return the raster attribute table, which QGIS (3.30 and newer) makes a style of."""
    table = ET.Element("GDALRasterAttributeTable", tableType="thematic")
    for index, (name, kind, usage) in enumerate(_COLUMNS):
        field = ET.SubElement(table, "FieldDefn", index=str(index))
        for tag, value in (("Name", name), ("Type", kind), ("Usage", usage)):
            ET.SubElement(field, tag).text = str(value)
    for index, entry in enumerate(sorted(legend, key=lambda entry: entry.code)):
        row = ET.SubElement(table, "Row", index=str(index))
        for value in (entry.code, entry.title, entry.name, *rgb(entry.color), 255):
            ET.SubElement(row, "F").text = str(value)
    return table
