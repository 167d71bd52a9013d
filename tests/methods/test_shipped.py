"""The shipped networks: in tiles they make what they make of the whole picture; digits are digits."""

import pytest
import torch

from pictura import models
from pictura.methods import find_method, open_method
from pictura.models.store import bundled_models
from pictura.networks.tiling import streaming
from pictura.picture.resize import resize
from pictura.training.capabilities import capabilities_of

MIB = {
    "adain": 40,
    "day2night": 24,
    "deblur": 24,
    "denoise": 24,
    "facade2labels": 24,
    "fast": 12,
    "font2font": 24,
    "labels2facade": 24,
    "photo2sketch": 24,
    "photo2ukiyoe": 24,
    "photo2vangogh": 24,
    "upscale-x4": 24,
    "upscale-x4-sharp": 24,
    "upscale-x8": 60,
}  # less than all of the picture takes, more than the least tile
TILED = [
    name
    for name, one in bundled_models().items()
    if capabilities_of(find_method(one.method))[0] in ("stylize", "enlarge", "translate")
    and one.method not in ("photo", "wct2")  # bands and no tiles: test_photo; all at once: test_wct2
]


@pytest.mark.parametrize("name", TILED)
def test_tiles_are_the_whole(name, monkeypatch):
    method = open_method(models.read_bundle(name))
    noise = torch.rand(1, 3, 24, 40, generator=torch.Generator().manual_seed(0))
    picture = resize(noise, (384, 640))
    verb = capabilities_of(method)[0]
    if verb not in ("stylize", "enlarge", "translate"):
        pytest.skip("it has no tiles")
    run_method = getattr(method, verb)
    whole = run_method(picture, precision="float32")
    run, tiles = streaming._Stream._run, []
    monkeypatch.setattr(streaming._Stream, "_run", lambda self, tile: (tiles.append(tile), run(self, tile))[1])
    tiled = run_method(picture, precision="float32", memory=MIB[name] * 2**20)
    assert len(tiles) > 1
    torch.testing.assert_close(tiled, whole, atol=1e-4, rtol=0)


def test_digits():
    """What cgan makes, vae knows: it gives back a seven that is nearer to it than to any other digit."""
    cgan, vae = (open_method(models.read_bundle(name)) for name in ("digits-cgan", "digits-vae"))
    kinds = [cgan.sample(16, generator=torch.Generator().manual_seed(0), label=label) for label in cgan.labels]
    assert cgan.labels == tuple("0123456789")
    means = torch.stack([kind.mean(0) for kind in kinds])
    back = vae.decode(vae.encode(kinds[7]))
    assert (back - kinds[7]).square().mean().sqrt() < 0.2
    distances = (back.mean(0) - means).square().mean((1, 2, 3))
    assert int(distances.argmin()) == 7
