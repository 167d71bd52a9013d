"""Styles in one pass, by name: masks, colours, strength, and what is refused."""

import pytest
import torch
from torch import nn

from pictura import models
from pictura.methods.adain import Adain
from pictura.methods.superres import Superres
from pictura.runtime.errors import PicturaError
from pictura.tasks.stylize import mask_tensor, open_stylizer, stylize_picture


def kept(kind, folder):
    torch.manual_seed(0)
    method = kind(kind.tiny())
    if isinstance(method, Adain):
        nn.init.normal_(method.light.photo)  # untrained it is zero, and styles all but
    settings = method.settings.model_dump(mode="json")
    return str(models.save_bundle(models.Bundle.of(method.name, settings, method.networks()), folder))


def painter(style, method="adain", *, style_weights=None, masks=(), **options):
    """One pass in a style, or in a list of them."""
    styles = style if isinstance(style, list) else [style]
    return open_stylizer(method, styles, style_weights, masks=[mask_tensor(mask) for mask in masks], **options)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return kept(Adain, tmp_path_factory.mktemp("models") / "adain")


@pytest.fixture
def photo():
    return torch.rand(1, 3, 40, 48, generator=torch.Generator().manual_seed(0))


def test_what_comes_out_is_what_went_in(model, photo):
    stylizer = painter("great-wave", model=model)
    made = stylize_picture(photo[0], stylizer)
    assert made.shape == photo[0].shape
    array = stylize_picture((photo[0].permute(1, 2, 0).numpy() * 255).astype("uint8"), stylizer, size=24)
    assert array.shape == (20, 24, 3)
    assert array.dtype == "uint8"


def test_each_style_where_its_mask_is(model, photo):
    first, second = (painter(name, model=model)(photo) for name in ("great-wave", "the-scream"))
    left = torch.zeros(1, 1, 40, 48)
    left[..., :24] = 1
    both = painter(["great-wave", "the-scream"], model=model, masks=[left, (1 - left).expand(-1, 3, -1, -1)])(photo)
    torch.testing.assert_close(both[..., :24], first[..., :24], atol=1e-5, rtol=0)
    torch.testing.assert_close(both[..., 24:], second[..., 24:], atol=1e-5, rtol=0)


def test_the_photo_shows_where_no_mask_is(model, photo):
    made = painter("great-wave", model=model, masks=[torch.zeros(1, 3, 40, 48)])(photo)
    torch.testing.assert_close(made, photo)


def test_weights_mix_styles(model, photo):
    mixed = painter(["great-wave", "the-scream"], model=model, style_weights=[1, 0])(photo)
    torch.testing.assert_close(mixed, painter("great-wave", model=model)(photo))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "adian"}, "adain, johnson"),
        ({"style": "great-wafe"}, "great-wave"),
        ({"style_weights": [1, 2]}, "1 styles but 2 style weights"),
        ({"masks": [torch.zeros(1, 3, 4, 4)] * 2}, "1 styles but 2 masks"),
        ({"strength": 2.0}, "strength"),
    ],
)
def test_mistakes(model, photo, options, said):
    with pytest.raises(PicturaError, match=said):
        painter(**{"style": "great-wave", "model": model} | options)(photo)


def test_a_model_that_paints_no_styles(tmp_path):
    with pytest.raises(PicturaError, match="paints no styles"):
        painter("great-wave", model=kept(Superres, tmp_path / "m"))
