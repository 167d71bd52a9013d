"""Read and write picture files; everything above sees pixels in [0, 1] sRGB."""

from pictura.picture.formats import FORMATS
from pictura.picture.metadata import read_settings
from pictura.picture.picture import Picture
from pictura.picture.reading import MAX_PIXELS, read
from pictura.picture.writing import check_writable, write

__all__ = ["FORMATS", "MAX_PIXELS", "Picture", "check_writable", "read", "read_settings", "write"]
