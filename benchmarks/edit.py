"""What it costs to edit a face in a picture of 20 megapixels: seconds of one core and the most memory.

python benchmarks/edit.py portrait.jpg
"""

import argparse
import resource
import sys
import time

import numpy as np
import torch
from PIL import Image

from pictura.faces import find_faces
from pictura.picture import Picture
from pictura.tasks.editor import edit_picture, open_editor

SIZE = (5472, 3648)  # width and height of a common camera's pictures
PORTRAIT = 1800  # height in pixels that the portrait is laid into it with
PER_MIB = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss


def peak() -> float:
    """The most memory so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PER_MIB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portrait", help="a picture with one face")
    portrait = Image.open(parser.parse_args().portrait).convert("RGB")
    torch.set_num_threads(1)
    canvas = Image.new("RGB", SIZE, (140, 140, 140))
    canvas.paste(portrait.resize((round(portrait.width * PORTRAIT / portrait.height), PORTRAIT)), (2600, 900))
    picture = Picture.of(np.asarray(canvas))
    del canvas
    editor = open_editor(attributes={"smiling": 1})
    find_faces(picture.view()[..., :64, :64])  # the networks are read
    before, start = peak(), time.process_time()
    find_faces(picture.view())
    found = time.process_time()
    edit_picture(picture, editor)
    done = time.process_time()
    print(f"find {found - start:.2f} s, find, edit and blend {done - found:.2f} s, {peak() - before:.0f} MiB more")


if __name__ == "__main__":
    main()
