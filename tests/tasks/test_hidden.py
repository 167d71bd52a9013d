"""Colours under an alpha of 0 change no painting, style, texture or mask, and no enlarged or translated picture."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import pictura
from pictura import models
from pictura.data.decode import decode_image
from pictura.losses.moments import moments, weighted_moments
from pictura.methods.adain import Adain
from pictura.methods.iterative.init import start_image
from pictura.methods.superres import Superres
from pictura.picture import Picture, read, write
from pictura.picture.icc import gamma_profile
from pictura.runtime.errors import PicturaError
from pictura.style import Style, encode_style, load_style
from pictura.style.sources import SizedPaintings, open_style, painting_tensor
from pictura.tasks.optimize import synthesize_texture
from pictura.tasks.stylize import mask_tensor, open_stylizer, stylize_picture
from pictura.tasks.translate import open_translator, translate_picture

pytestmark = pytest.mark.kinds
LAYERS = ["relu1_1", "relu3_1"]
HIDDEN = ((0, 255, 0), (0, 0, 0))


def cut_out(draw, value, seed=0):
    """A disc of a drawing, all else of one colour that nobody sees."""
    pixels = (draw(40, 48, seed)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    y, x = np.mgrid[:40, :48]
    seen = (y - 20) ** 2 + (x - 24) ** 2 < 150
    return Picture(np.where(seen[..., None], pixels, np.uint8(value)), seen.astype(np.float32))


def as_file(picture, path):
    Image.fromarray(np.dstack([picture.samples, (picture.alpha * 255).astype(np.uint8)])).save(path)
    return path


def saved(kind, folder):
    torch.manual_seed(0)
    method = kind(kind.tiny())
    if isinstance(method, Adain):
        nn.init.normal_(method.light.photo)
    settings = method.settings.model_dump(mode="json")
    return str(models.save_bundle(models.Bundle.of(method.name, settings, method.networks()), folder))


def same(found, expected):
    for layer in expected:
        for a, b in zip(found[layer], expected[layer], strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_weights_of_one_are_no_weights():
    f = torch.randn(1, 5, 6, 7)
    for a, b in zip(weighted_moments(f, torch.ones(1, 1, 6, 7)), moments(f), strict=True):
        torch.testing.assert_close(a, b)


def test_a_position_counts_as_much_as_its_weight():
    f, weights = torch.randn(1, 5, 2, 3), torch.tensor([2.0, 1, 0, 3, 0, 1]).view(1, 1, 2, 3)
    often = f.flatten(2).repeat_interleave(weights.flatten().long(), -1)[..., None]
    for a, b in zip(weighted_moments(f, weights), moments(often), strict=True):
        torch.testing.assert_close(a, b)


def test_styles_of_pictures_files_and_folders(encoder, draw, tmp_path):
    found = []
    for name, value in zip(("green", "black"), HIDDEN, strict=True):
        (tmp_path / name).mkdir()
        path = as_file(cut_out(draw, value), tmp_path / name / "a.png")
        sources = (cut_out(draw, value), path, path.parent, Image.open(path), np.asarray(Image.open(path)), [path])
        found.append([load_style(source, encoder, LAYERS).at(48) for source in sources])
        found[-1].append(Style.of([painting_tensor(read(path))], encoder, LAYERS, (16, 48)).sizes[16])
        ((painting, size),) = SizedPaintings(str(path.parent), [48], torch.device("cpu"))
        found[-1].append(encode_style(painting, encoder, LAYERS, size))
        found[-1].append(load_style(load_style(path, encoder, LAYERS), encoder, ["relu1_1"]).at(48))
        assert open_style(path)[0].shape == (1, 4, 40, 48)
    for green, black in zip(*found, strict=True):
        same(green, black)


def test_a_style_is_what_is_seen_of_it(encoder):
    """Red on a transparent ground has the statistics of red, however small it is."""
    alpha = np.zeros((40, 40), np.float32)
    alpha[10:30, 12:28] = 1
    red = np.where(alpha[..., None] > 0, np.uint8([200, 20, 30]), np.uint8([0, 255, 0]))
    found = load_style(Picture(red, alpha), encoder, ["relu1_1"]).at(40)["relu1_1"]
    whole = load_style(Picture(np.full_like(red, [200, 20, 30])), encoder, ["relu1_1"]).at(40)["relu1_1"]
    torch.testing.assert_close(found[0], whole[0], rtol=0.05, atol=0.02)


def test_a_style_that_shows_nothing_is_refused(encoder):
    with pytest.raises(PicturaError, match="transparent: give one"):
        load_style(Picture(np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40), np.float32)), encoder, LAYERS)


def test_textures_and_starts(encoder, draw, quick):
    settings = quick.with_changes(init="style")
    made = []
    for value in HIDDEN:
        painting = painting_tensor(cut_out(draw, value))
        assert start_image(settings, None, [painting], (20, 20)).shape == (1, 3, 20, 20)
        made.append(synthesize_texture(painting, (24, 24), settings, encoder))
    assert torch.equal(*made)


def test_contents_in_one_pass(draw, tmp_path):
    stylizer = open_stylizer("adain", ["great-wave"], model=saved(Adain, tmp_path / "adain"))
    green, black = (stylize_picture(cut_out(draw, value), stylizer, size=32) for value in HIDDEN)
    assert np.array_equal(green.samples, black.samples)


def test_enlarged_pictures(draw, tmp_path):
    for model in ("bicubic", saved(Superres, tmp_path / "superres")):
        green, black = (pictura.upscale(cut_out(draw, value), 2, model) for value in HIDDEN)
        assert np.array_equal(green.samples, black.samples)
        assert np.array_equal(green.alpha, black.alpha)


def test_translated_pictures(draw):
    translator = open_translator("photo2vangogh")
    green, black = (translate_picture(cut_out(draw, value), translator) for value in HIDDEN)
    assert np.array_equal(green.samples, black.samples)
    assert np.array_equal(green.alpha, cut_out(draw, 0).alpha)


def test_a_mask_applies_as_far_as_it_is_seen(tmp_path):
    white = np.full((4, 6, 4), 255, np.uint8)
    white[:, 3:, 3] = 0
    white[0, 0, 3] = 51
    Image.fromarray(white).save(tmp_path / "mask.png")
    for mask in (tmp_path / "mask.png", white, Image.fromarray(white)):
        found = mask_tensor(mask)[0, 0]
        assert (found[:, 3:] == 0).all()
        assert found[0, 0] == pytest.approx(0.2)
        assert (found[1:, :3] == 1).all()


def test_a_mask_may_be_a_tensor_of_any_usual_form():
    mask = torch.zeros(4, 6)
    mask[:, :3] = 1
    for form in (mask, mask[None], mask[None, None], mask.bool(), mask.expand(3, -1, -1)):
        assert torch.equal(mask_tensor(form), mask[None, None])


def test_training_data(draw, tmp_path):
    green, black = (decode_image(as_file(cut_out(draw, value), tmp_path / "a.png")) for value in HIDDEN)
    assert np.array_equal(green.samples, black.samples)


def test_no_strength_leaves_every_pixel(draw, tmp_path):
    picture = Picture.of((draw()[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8))
    stylizer = open_stylizer("adain", ["great-wave"], model=saved(Adain, tmp_path / "adain"), strength=0.0)
    assert np.array_equal(stylize_picture(picture, stylizer).samples, picture.samples)


def test_no_strength_leaves_the_colours_of_a_wider_space(draw, tmp_path):
    given = (draw()[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    Image.fromarray(given).save(tmp_path / "a.png", icc_profile=gamma_profile(0.7, grey=False))
    stylizer = open_stylizer("adain", ["great-wave"], model=saved(Adain, tmp_path / "adain"), strength=0.0)
    made = write(stylize_picture(tmp_path / "a.png", stylizer), tmp_path / "b.png")
    with Image.open(made) as image:
        assert np.array_equal(np.asarray(image), given)
