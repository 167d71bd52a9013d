"""Read and write picture files; everything above sees pixels in [0, 1] sRGB."""

from pictura.picture.formats import FORMATS, READABLE_SUFFIXES, WRITABLE_SUFFIXES
from pictura.picture.metadata import read_settings
from pictura.picture.notes import Notes
from pictura.picture.picture import Picture
from pictura.picture.reading import MAX_PIXELS, read
from pictura.picture.writing import check_writable, write

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "READABLE_SUFFIXES",
    "WRITABLE_SUFFIXES",
    "Notes",
    "Picture",
    "check_writable",
    "read",
    "read_settings",
    "write",
]
