"""Files of several pictures, of which `read` takes the first: how many there are."""

import warnings
from pathlib import Path

from pictura.picture import formats
from pictura.runtime import files


def count_frames(path: Path) -> int:
    """Frames of an animation or pages of a document; 1 where the file does not say; little is decoded."""
    with files.open_file(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = formats.open_header(file, path)
        try:
            return int(getattr(image, "n_frames", 1))
        except formats.DECODE_ERRORS:
            return 1  # a damaged frame further on is no matter of the first
