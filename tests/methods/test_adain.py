"""AdaIN: any style, any strength, any size; the paper's losses as printed."""

import pytest
import torch
from torch import nn

from pictura.losses.moments import moments
from pictura.methods.adain import Adain, AdaINSettings
from pictura.networks.adain import EPS
from pictura.picture import Picture, write
from pictura.runtime.errors import PicturaError
from pictura.style.description import describe
from pictura.style.sources import load_bundled_style


@pytest.fixture(scope="module")
def method():
    torch.manual_seed(0)
    made = Adain(Adain.tiny())
    made.decoder.eval().requires_grad_(False)
    nn.init.normal_(made.light.photo)  # untrained it is zero, and styles all but
    return made


@pytest.fixture
def photo():
    return torch.rand(1, 3, 40, 56, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def paintings(tmp_path):
    for i in range(2):
        pixels = torch.rand(48, 64, 3, generator=torch.Generator().manual_seed(i))
        write(Picture.of(pixels.numpy() * (0.5 + i / 2)), tmp_path / f"{i}.png")
    return tmp_path


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (17, 33), (64, 64)])
def test_any_size(method, size):
    made = method.stylize(torch.rand(1, 3, *size))
    assert made.shape == (1, 3, *size)
    assert made.isfinite().all()
    assert 0 <= made.min() <= made.max() <= 1


def test_tiles_are_the_whole(method):
    picture = torch.rand(1, 3, 200, 320, generator=torch.Generator().manual_seed(2))
    whole = method.stylize(picture, precision="float32")
    tiled = method.stylize(picture, precision="float32", memory=12 * 2**20)
    torch.testing.assert_close(tiled, whole, atol=1e-4, rtol=0)


def test_a_style_is_a_name_a_file_numbers_or_a_picture(method, photo, paintings, tmp_path):
    named = method.stylize(photo, style="great-wave")
    torch.testing.assert_close(method.stylize(photo, style=load_bundled_style("great-wave")), named)
    saved = load_bundled_style("great-wave").save(tmp_path / "wave.style")
    torch.testing.assert_close(method.stylize(photo, style=saved), named, atol=2e-3, rtol=0)
    shown = method.stylize(photo, style=paintings / "0.png")
    assert not torch.allclose(shown, named, atol=1e-3)


def test_styles_interpolate(method, photo):
    first, second = (method.stylize(photo, style=name) for name in ("great-wave", "the-scream"))
    torch.testing.assert_close(method.stylize(photo, style={"great-wave": 3.0, "the-scream": 0.0}), first)
    between = method.stylize(photo, style=["great-wave", "the-scream"])
    torch.testing.assert_close(between, method.stylize(photo, style={"great-wave": 1.0, "the-scream": 1.0}))
    assert not torch.allclose(between, first)
    assert not torch.allclose(between, second)


def test_at_no_strength_styles_are_all_the_same(method, photo):
    first, second = (method.stylize(photo, style=name, strength=0.0) for name in ("great-wave", "the-scream"))
    torch.testing.assert_close(first, second)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"style": "great-wafe"}, "great-wave"),
        ({"strength": -1.0}, "must be between 0 .content only. and 1.5, got -1"),
        ({"strenght": 1.0}, "strength"),
    ],
)
def test_mistakes(method, photo, options, said):
    with pytest.raises(PicturaError, match=said):
        method.stylize(photo, **options)


def test_no_paintings():
    with pytest.raises(PicturaError, match="folder"):
        Adain(Adain.tiny()).prepare(torch.device("cpu"), torch.Generator())


def test_a_description_is_mean_deviation_and_correlation():
    responses = torch.randn(1, 16, 9, 9, generator=torch.Generator().manual_seed(3)) * 2 + 1
    style = {layer: moments(responses) for layer in ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")}
    said = describe(style)[: 16 + 16 + 66]
    flat = responses[0].flatten(1)
    torch.testing.assert_close(said[:16], flat.mean(1))
    torch.testing.assert_close((5 * said[16:32]).exp(), flat.std(1, correction=0), rtol=1e-3, atol=0)
    wanted = torch.corrcoef(flat[:12])[*torch.triu_indices(12, 12, 1)]
    torch.testing.assert_close(5 * said[32:], wanted, rtol=1e-3, atol=1e-4)


def test_losses_look_through_the_encoder_that_was_asked_for(paintings):
    method = Adain(AdaINSettings(widths=(8, 8, 8), blocks=1, paintings=str(paintings), loss_encoder="vgg20"))
    with pytest.raises(PicturaError, match="vgg20"):
        method.prepare(torch.device("cpu"), torch.Generator())


def test_training_learns_the_palette(tmp_path):
    for i, colour in enumerate(([0.9, 0.3, 0.1], [0.1, 0.3, 0.8])):
        pixels = torch.tensor(colour) + 0.1 * torch.rand(48, 64, 3, generator=torch.Generator().manual_seed(i))
        write(Picture.of(pixels.numpy()), tmp_path / f"{i}.png")
    torch.manual_seed(0)
    method = Adain(AdaINSettings(widths=(8, 8, 8), blocks=1, paintings=str(tmp_path), full=1.0, learning_rate=5e-3))
    method.prepare(torch.device("cpu"), torch.Generator())
    optimiser = method.players(1)["decoder"].optimizer
    batch = {"image": torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(4))}

    def update(decoder):
        optimiser.zero_grad()
        decoder.backward()
        optimiser.step()

    losses = [method.step(batch, update, torch.Generator().manual_seed(i % 2))["style"].item() for i in range(24)]
    assert sum(losses[-4:]) < 0.7 * sum(losses[:4])


def test_the_papers_losses(paintings):
    torch.manual_seed(0)
    method = Adain(AdaINSettings(variant="paper", paintings=str(paintings), content_weight=1.0, style_weight=10.0))
    method.prepare(torch.device("cpu"), torch.Generator())
    x = torch.rand(2, 3, 64, 64)
    drawn = torch.randint(len(method.styles), (2,), generator=torch.Generator().manual_seed(0)).tolist()
    losses = method.step({"image": x}, lambda **_: None, torch.Generator().manual_seed(0))

    f = method._load_encoder()
    style = [method.styles[i] for i in drawn]
    content = f(x, ["relu4_1"])["relu4_1"]
    t = torch.stack([_exchanged(content[n], *style[n]["relu4_1"]) for n in range(2)])
    layers = ["relu1_1", "relu2_1", "relu3_1", "relu4_1"]
    with torch.no_grad():
        found = f(method.decoder(t), layers)
    wanted = 0.0
    for layer in layers:
        for pick in (0, 1):
            mine = torch.stack([_two(found[layer][n].flatten(1))[pick] for n in range(2)])
            theirs = torch.stack([_of_moments(*style[n][layer])[pick] for n in range(2)])
            wanted = wanted + 10 * (mine - theirs).square().mean()
    torch.testing.assert_close(losses["content"], (found["relu4_1"] - t).square().mean(), rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(losses["style"], wanted, rtol=1e-3, atol=1e-6)


def _two(flat):
    return flat.mean(1), (flat.var(1, correction=0) + EPS).sqrt()


def _of_moments(mean, second):
    return mean, (second.diagonal() - mean.square() + EPS).sqrt()


def _exchanged(content, mean, second):
    middle, spread = _two(content.flatten(1))
    mean, std = _of_moments(mean, second)
    return ((content - middle[:, None, None]) / spread[:, None, None]) * std[:, None, None] + mean[:, None, None]
