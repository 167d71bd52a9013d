"""The bicubic row of the literature, where the pictures are on this disk."""

from pathlib import Path

import pytest

from pictura.metrics.superres import score
from pictura.picture import read
from pictura.picture.degrade import crop_to_scale, degrade, imresize

SETS = Path(__file__).parents[3] / "shared" / "data" / "sr"


@pytest.mark.parametrize(("scale", "psnr", "ssim"), [(2, 33.66, 0.9299), (3, 30.39, 0.8682), (4, 28.42, 0.8104)])
def test_set5(scale, psnr, ssim):
    if not (SETS / "Set5").is_dir():
        pytest.skip(f"the pictures of Set5 are not in {SETS}")
    found = []
    for path in sorted((SETS / "Set5").glob("*.png")):
        true = crop_to_scale(read(path).tensor(), scale)
        found.append(score(imresize(degrade(true, scale), tuple(true.shape[-2:])), true, scale))
    assert sum(one.psnr for one in found) / 5 == pytest.approx(psnr, abs=0.02)
    assert sum(one.ssim for one in found) / 5 == pytest.approx(ssim, abs=0.0006)
