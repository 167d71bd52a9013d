"""The bicubic rows of the literature, and KID of one set's halves, where the pictures are on this disk."""

from pathlib import Path

import pytest

import pictura
from pictura.metrics.superres import score
from pictura.picture import read
from pictura.picture.degrade import crop_to_scale, degrade, imresize

SHARED = Path(__file__).parents[3] / "shared" / "data"
PAINTINGS = SHARED / "translation" / "monet2photo" / "trainA"
# VDSR's and DRCN's tables, which others copy: PSNR in dB and SSIM on Y.
BICUBIC = {
    ("Set5", 2): (33.66, 0.9299),
    ("Set5", 3): (30.39, 0.8682),
    ("Set5", 4): (28.42, 0.8104),
    ("Set14", 2): (30.24, 0.8688),
    ("Set14", 3): (27.55, 0.7742),
    ("Set14", 4): (26.00, 0.7027),
}


@pytest.mark.parametrize(("name", "scale"), BICUBIC, ids=[f"{name}-x{scale}" for name, scale in BICUBIC])
def test_bicubic(name, scale):
    folder = SHARED / "sr" / name
    if not folder.is_dir():
        pytest.skip(f"the pictures of {name} are not in {folder.parent}")
    found = []
    for path in sorted(folder.glob("*.png")):
        picture = read(path)
        true = crop_to_scale(picture.tensor(), scale)
        made = imresize(degrade(true, scale), tuple(true.shape[-2:]))
        found.append(score(made, true, scale, grey=picture.grey))
    psnr, ssim = BICUBIC[name, scale]
    assert sum(one.psnr for one in found) / len(found) == pytest.approx(psnr, abs=0.03)
    assert sum(one.ssim for one in found) / len(found) == pytest.approx(ssim, abs=0.001)


def test_kid_of_halves_of_a_made_set(draw):
    pictures = [draw(seed=s) for s in range(40)]
    (kid,) = pictura.measure(pictures[::2], pictures[1::2], "kid")
    assert abs(kid.value) < 2 * kid.error


@pytest.mark.slow
def test_kid_of_halves_of_paintings():
    if not PAINTINGS.is_dir():
        pytest.skip(f"there are no paintings in {PAINTINGS}")
    pictures = sorted(PAINTINGS.iterdir())[:60]
    (kid,) = pictura.measure(pictures[::2], pictures[1::2], "kid")
    assert abs(kid.value) < 2 * kid.error
