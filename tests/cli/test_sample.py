"""`pictura sample`, `pictura interpolate`, and the same in Python."""

from pathlib import Path

import numpy as np
import pytest
import torch

import pictura
from pictura.methods.autoencoder import Autoencoder
from pictura.methods.cgan import CGAN
from pictura.methods.vae import VAE
from pictura.picture import read, read_settings
from pictura.runtime.errors import PicturaError
from pictura.tasks.load import save_pretrained
from pictura.tasks.sample import interpolate_codes, square_columns

from .conftest import done, draw, refused, size_of


@pytest.fixture(autouse=True)
def model(desk):
    """Untrained models of 16 pixels as the folders 'cgan', with labels a and b, 'vae' and 'autoencoder'."""
    for kind in (CGAN, VAE, Autoencoder):
        torch.manual_seed(0)
        save_pretrained(kind(kind.tiny()), desk / kind.name, about={"step": 7})


def test_a_grid(desk):
    result = done("sample", "--model", "vae", "-n", "6", "--seed", "1")
    assert result.stderr == "vae_samples.png: 6 samples, 52×34\n"
    assert size_of("vae_samples.png") == (3 * 18 - 2, 2 * 18 - 2)
    assert read_settings("vae_samples.png")["sample"] == {
        "model": "vae", "method": "vae", "step": 7, "label": None, "seed": 1, "count": 6
    }  # fmt: skip
    grid = read("vae_samples.png").pixels
    for i, picture in enumerate(pictura.sample("vae", 6, seed=1)):
        top, left = i // 3 * 18, i % 3 * 18
        np.testing.assert_allclose(grid[top : top + 16, left : left + 16], picture.pixels, atol=0.003)
    done("sample", "--model", "vae", "-n", "1", "-o", "one.png", "--scale", "3")
    assert size_of("one.png") == (48, 48)
    one = read("one.png").samples
    np.testing.assert_array_equal(one, one[::3, ::3].repeat(3, 0).repeat(3, 1))
    assert "exists already" in refused("sample", "--model", "vae", "-o", "one.png")
    done("sample", "--model", "vae", "-o", "one.png", "-n", "4", "--overwrite", "-q")
    assert size_of("one.png") == (34, 34)


def test_labels(desk):
    """All in turn, a column each; or one."""
    done("sample", "--model", "cgan", "-n", "6", "-o", "all.png")
    assert size_of("all.png") == (34, 52)
    done("sample", "--model", "cgan", "-n", "6", "--label", "b", "-o", "b.png")
    assert size_of("b.png") == (52, 34)
    model = pictura.load("cgan")
    assert (model.labels, model.can) == (("a", "b"), ("sample",))
    mixed, same = model.sample(4), model.sample(4, label="b")
    np.testing.assert_array_equal(mixed[1].pixels, same[1].pixels)
    assert not np.array_equal(mixed[0].pixels, same[0].pixels)


def test_a_strip(desk):
    draw("large.png", 3, (40, 70))
    result = done("interpolate", "photo.png", "large.png", "--model", "vae", "--steps", "5")
    assert result.stderr == "photo_large_vae.png: 5 pictures, 88×16\n"
    assert read_settings("photo_large_vae.png")["interpolate"]["steps"] == 5
    strip = read("photo_large_vae.png").pixels
    model = pictura.load("vae")
    ends = [model.decode(model.encode(name))[0].pixels for name in ("photo.png", "large.png")]
    np.testing.assert_allclose(strip[:, :16], ends[0], atol=0.003)
    np.testing.assert_allclose(strip[:, -16:], ends[1], atol=0.003)
    noise = np.random.default_rng(0).random((9, 9, 3))
    assert len(model.interpolate(noise, "photo.png")) == 8
    codes = model.encode(noise)
    np.testing.assert_array_equal(model.decode(codes.numpy())[0].pixels, model.decode(codes)[0].pixels)
    assert len(pictura.interpolate(noise, torch.rand(3, 5, 6), "autoencoder", steps=2)) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sample",), "Say with --model what makes the pictures: "),
        (("sample", "--model", "vae", "-n", "0"), "from 1 to 1024, got 0."),
        (("sample", "--model", "vae", "-n", "1000000"), "from 1 to 1024, got 1000000."),
        (("sample", "--model", "vae", "--label", "7"), "has no labels: leave the label '7' out."),
        (("sample", "--model", "cgan", "--label", "c"), "no label 'c', only a, b."),
        (("sample", "--model", "autoencoder"), "does not make pictures of nothing, it is of the method autoencoder; it "
         "can encode: use `pictura interpolate`."),
        (("sample", "--model", "upscale-x4"), "it can enlarge: use `pictura upscale`."),
        (("sample", "--model", "vae", "--scale", "0"), "from 1 to 16, got 0."),
        (("sample", "--model", "vae", "-o", "a.xyz"), "xyz"),
        (("sample", "--model", "nothing"), "nothing"),
        (("interpolate", "photo.png", "paint.png"), "Say with --model what encodes the pictures: "),
        (("interpolate", "photo.png", "paint.png", "--model", "cgan"), "'cgan' does not encode pictures, it is of the "
         "method cgan; it can sample: use `pictura sample`."),
        (("interpolate", "photo.png", "paint.png", "--model", "vae", "--steps", "1"), "from 2, both ends, to 256"),
        (("interpolate", "photo.png", "none.png", "--model", "vae"), "none.png"),
        (("interpolate", "photo.png", "paint.png", "--model", "vae", "-o", "photo.png", "--overwrite"), "one of the "
         "pictures and is not overwritten"),
        (("translate", "photo.png", "--model", "vae"), "it can sample and encode: use `pictura sample` or `pictura "),
    ],
)  # fmt: skip
def test_what_is_refused(arguments, words):
    assert words in refused(*arguments)
    assert not list(Path().glob("*_samples.png"))


def test_what_python_refuses():
    model = pictura.load("vae")
    with pytest.raises(PicturaError, match="cannot enlarge; it can sample, encode"):
        model.upscale("photo.png")
    with pytest.raises(PicturaError, match="Expected codes N×6"):
        model.decode(torch.zeros(2, 5))
    with pytest.raises(PicturaError, match="cannot encode"):
        pictura.load("cgan").interpolate("photo.png", "paint.png")
    with pytest.raises(PicturaError, match="several sizes"):
        pictura.lay_out([read("photo.png"), *model.sample(1)])
    with pytest.raises(PicturaError, match="no pictures"):
        pictura.lay_out([])


def test_between_codes():
    a, b = torch.tensor([3.0, 0.0]), torch.tensor([0.0, 1.0])
    torch.testing.assert_close(interpolate_codes(a, b, 3), torch.tensor([[3.0, 0.0], [1.5, 0.5], [0.0, 1.0]]))
    arc = interpolate_codes(a, b, 3, "normal")
    torch.testing.assert_close(arc[1], torch.tensor([2.0, 2.0]) / 2**0.5)  # half the way, of the mean length
    torch.testing.assert_close(arc[[0, 2]], torch.stack([a, b]))
    torch.testing.assert_close(interpolate_codes(a, -a, 3, "normal")[1], torch.zeros(2))
    torch.testing.assert_close(interpolate_codes(a, 0 * a, 3, "normal")[1], a / 2)
    assert [square_columns(n) for n in (1, 2, 4, 5, 9, 64)] == [1, 2, 2, 3, 3, 8]
