"""Photorealistic style: the closed form is what it says, skin stays skin, nothing depends on bands."""

import json
import math
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

import pictura
from pictura.cli.app import app
from pictura.methods import find_method
from pictura.methods.photo import PhotoSettings, skin
from pictura.methods.photo.colour import GAINS, RIDGE, apply_affine, colour_moments, monge_kantorovitch, weaken
from pictura.methods.photo.objective import gaussian_distance, halo_loss
from pictura.networks.photo import LEVELS, apply_maps, slice_grid
from pictura.picture.transfer import YCBCR
from pictura.runtime.errors import PicturaError
from pictura.style import load_bundled_style


@pytest.fixture
def mk():
    return find_method("photo")(PhotoSettings(network=False))


@pytest.fixture
def trained():
    """A network whose grid is no longer zero."""
    torch.manual_seed(0)
    method = find_method("photo")(PhotoSettings(width=8))
    torch.nn.init.normal_(method.grid.out[-1].weight, std=0.02)
    method.grid.eval().requires_grad_(False)
    return method


def grey_blue(seed):
    """Colours within the range that gains can reach, not near its borders: 1×3×32×40."""
    number = torch.Generator().manual_seed(seed)
    mix = torch.eye(3) * 0.06 + 0.02 * torch.rand(3, 3, generator=number)
    middle = 0.4 + 0.2 * torch.rand(3, 1, generator=number)
    return (middle + mix @ torch.randn(3, 32 * 40, generator=number)).clamp(0, 1).view(1, 3, 32, 40)


def test_moments_are_those_of_all_pixels(draw):
    image = draw(70, 50)
    mean, covariance = colour_moments(image)
    flat = image.flatten(2)[0].double()
    torch.testing.assert_close(mean.double(), flat.mean(1), atol=1e-6, rtol=0)
    torch.testing.assert_close(covariance.double(), torch.cov(flat, correction=0), atol=1e-6, rtol=0)
    eight = (image * 255).round().to(torch.uint8)
    torch.testing.assert_close(colour_moments(eight)[0], mean, atol=1 / 255, rtol=0)


def test_what_is_transparent_does_not_count(draw):
    image, alpha = draw(40, 40), torch.zeros(1, 1, 40, 40)
    alpha[..., :20] = 1
    torch.testing.assert_close(colour_moments(torch.cat([image, alpha], 1)), colour_moments(image[..., :20]))


def test_the_closed_form_moves_mean_and_covariance():
    photo, other = grey_blue(1), grey_blue(2)
    made = apply_affine(monge_kantorovitch(colour_moments(photo), colour_moments(other)), photo)
    (mean, covariance), (mu, c) = colour_moments(made), colour_moments(other)
    torch.testing.assert_close(mean, mu, atol=1e-5, rtol=0)
    torch.testing.assert_close(covariance, c, atol=2 * RIDGE, rtol=0)


def test_gains_are_held():
    flat = torch.tensor([0.2, 0.5, 0.7]), 1e-6 * torch.eye(3)
    wide = torch.tensor([0.4, 0.4, 0.4]), torch.diag(torch.tensor([0.2, 0.1, 0.05]))
    for photo, other, bound in ((flat, wide, GAINS[1]), (wide, (flat[0], 1e-9 * torch.eye(3)), GAINS[0])):
        t = monge_kantorovitch(photo, other)[:, :3]
        gains = torch.linalg.eigvalsh(t)
        assert bool((gains >= GAINS[0] - 1e-5).all())
        assert bool((gains <= GAINS[1] + 1e-5).all())
        assert math.isclose(float(gains.max() if bound > 1 else gains.min()), bound, rel_tol=1e-4)


def test_luma_and_colour_apart():
    photo, w = grey_blue(1), YCBCR[0].view(1, 3, 1, 1)
    affine = monge_kantorovitch(colour_moments(photo), colour_moments(grey_blue(3)))
    all_of_it = apply_affine(affine, photo)
    colours = apply_affine(weaken(affine, 1, 0), photo)
    torch.testing.assert_close((w * colours).sum(1), (w * photo).sum(1))  # its own luma
    torch.testing.assert_close(YCBCR[1:] @ colours[0].flatten(1), YCBCR[1:] @ all_of_it[0].flatten(1))  # their colour
    torch.testing.assert_close(weaken(affine, 1, 1), affine)
    torch.testing.assert_close(apply_affine(weaken(affine, 0.5, 1), photo), (photo + all_of_it) / 2)


def test_strength_0_is_the_photo_to_the_bit(draw):
    photo = draw(40, 48)
    assert torch.equal(pictura.stylize(photo, draw(30, 30, seed=1), method="photo", strength=0), photo)


@pytest.mark.parametrize("eight", [False, True])
def test_bands_are_not_seen(trained, draw, draw_face, eight, monkeypatch):
    """Neither of the grid nor of the skin; and the result may take the photo's place."""
    photo, other = draw_face(120), draw(50, 60, seed=2)
    photo = (photo * 255).round().to(torch.uint8) if eight else photo
    whole = trained.stylize(photo, style=other)
    assert whole.dtype == photo.dtype
    assert not torch.equal(whole, trained.stylize(photo, style=other, skin=False))
    monkeypatch.setattr("pictura.methods.photo.grading.BAND", 120 * 7)
    torch.testing.assert_close(trained.stylize(photo, style=other), whole)
    copy = photo.clone()
    assert trained.stylize(copy, style=other, out=copy) is copy
    torch.testing.assert_close(copy, whole)


def test_several_pictures_are_one_reference(mk, draw):
    photo, a, b = draw(40, 40), draw(40, 40, seed=1), draw(40, 40, seed=2)
    both = mk.stylize(photo, style=mk.open_style([a, b], [0.5, 0.5]), skin=False)
    beside = mk.stylize(photo, style=torch.cat([a, b], 3), skin=False)
    torch.testing.assert_close(both, beside, atol=1e-5, rtol=0)


def test_the_photo_is_its_own_reference(mk, draw):
    photo = draw(40, 40)
    torch.testing.assert_close(mk.stylize(photo), photo, atol=1e-4, rtol=0)


def test_what_cannot_be_a_reference_is_refused(mk, draw):
    with pytest.raises(PicturaError, match="saved without its picture"):
        mk.stylize(draw(), style=load_bundled_style("starry-night"))
    with pytest.raises(PicturaError, match="no option 'style_scale'"):
        pictura.stylize(draw(), draw(seed=1), method="photo", style_scale=2.0)
    with pytest.raises(PicturaError, match="luma must be between 0 and 1"):
        mk.stylize(draw(), style=draw(), luma=2.0)
    with pytest.raises(PicturaError, match="closed form has no network"):
        mk.players(1)


def test_faces_do_not_turn_green(mk, draw_face):
    face = draw_face(200)
    green = torch.tensor([0.1, 0.5, 0.1]).view(1, 3, 1, 1) + 0.1 * torch.rand(
        1, 3, 20, 20, generator=torch.Generator().manual_seed(0)
    )
    found = skin.find_skin(face)
    assert len(found) == 1

    def turned(made):
        weight = skin.likeness(found[0], skin.lean(face)[1], slice(0, 200), 200) > 0.8
        (u, v), (p, q) = ((weight * skin.lean(picture)[1]).sum((0, 2, 3)).tolist() for picture in (face, made))
        return abs(math.atan2(u * q - v * p, u * p + v * q))

    free, held = (mk.stylize(face, style=green, skin=on) for on in (False, True))
    assert turned(free) > 0.5
    assert turned(held) < skin.TURNS[1] + 0.05


def test_a_grid_of_one_map_is_that_map(draw):
    photo = draw(33, 47)
    affine = monge_kantorovitch(colour_moments(photo), colour_moments(draw(seed=1)))
    grid = affine.reshape(1, 12, 1, 1, 1).expand(1, 12, LEVELS, 4, 5).contiguous()
    maps = slice_grid(grid, photo.mean(1, keepdim=True))
    torch.testing.assert_close(apply_maps(maps, photo), apply_affine(affine, photo))


def test_pixels_take_the_map_of_their_level():
    """Cells' middles are at (i + ½) / n: a pixel there takes that cell's map and no other's."""
    grid = torch.zeros(1, 12, LEVELS, 1, 1)
    grid[0, 3] = torch.arange(LEVELS).view(LEVELS, 1, 1)
    levels = ((torch.arange(LEVELS) + 0.5) / LEVELS).view(1, 1, 1, LEVELS)
    maps = slice_grid(grid, levels)
    torch.testing.assert_close(maps[0, 0, 3, 0], torch.arange(LEVELS).float())


def test_gaussian_distance_is_the_formula(draw):
    f, s = draw(24, 24, seed=1), draw(24, 24, seed=2)
    assert float(gaussian_distance(f, f)) < 1e-4
    moved = (f + 0.1).double().float()
    torch.testing.assert_close(gaussian_distance(f, moved), torch.tensor([0.03]), atol=1e-3, rtol=0)
    assert float(gaussian_distance(f, s)) > 0.001


def test_halos_cost_where_the_photo_is_flat_and_not_at_edges():
    flat = torch.full((1, 3, 16, 16), 0.5)
    edge = flat.clone()
    edge[..., 8:] = 0
    maps = torch.zeros(1, 3, 4, 16, 16)
    maps[:, :, 3, :, 8:] = 0.1  # it changes at column 8
    assert float(halo_loss(maps, flat)) > 100 * float(halo_loss(maps, edge))
    assert float(halo_loss(torch.ones_like(maps), edge)) == 0


def test_command_line_remakes_it(tmp_path, draw, monkeypatch):
    """`--luma`, `--no-skin` and the closed form travel in the picture; `--config` takes them out again."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("photo", "other")):
        pictura.write(draw(40, 48, seed=seed), f"{name}.png")
    run, first = CliRunner(), ["stylize", "photo.png", "--style", "other.png", "--method", "photo"]
    made = run.invoke(app, [*first, "--model", "mk", "--luma", "0.5", "--no-skin", "-o", "one.png"])
    assert made.exit_code == 0, made.output
    again = ["stylize", "photo.png", "--config", "one.png", "--style", "other.png", "-o", "two.png"]
    remade = run.invoke(app, again)
    assert remade.exit_code == 0, remade.output
    one, two = (pictura.read(f"{name}.png").tensor() for name in ("one", "two"))
    assert torch.equal(one, two)
    assert not torch.equal(one, pictura.read("photo.png").tensor())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--luma", "0.5"], "belong to --method photo"),
        (["--method", "photo", "--style-scale", "2"], "photo has no strokes"),
        (["--method", "photo", "--steps", "3"], "belongs to --method optimize"),
        (["--method", "adain", "--no-skin"], "belong to --method photo"),
    ],
)
def test_options_of_other_methods_are_refused(tmp_path, draw, options, said):
    pictura.write(draw(), tmp_path / "photo.png")
    names = [str(tmp_path / "photo.png"), "--style", str(tmp_path / "photo.png")]
    result = CliRunner().invoke(app, ["stylize", *names, *options, "-o", str(tmp_path / "made.png")])
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert not (tmp_path / "made.png").exists()


def test_the_closed_form_in_a_stranger_s_picture_is_ours(tmp_path, draw, monkeypatch):
    """`mk` is no file: a picture that names it may be remade without naming it again."""
    monkeypatch.chdir(tmp_path)
    pictura.write(draw(), "photo.png")
    recipe = {"method": "photo", "model": "mk", "styles": ["photo.png"], "settings": {}}
    Path("recipe.json").write_text(json.dumps(recipe))
    made = CliRunner().invoke(
        app, ["stylize", "photo.png", "--config", "recipe.json", "--style", "photo.png", "-o", "made.png"]
    )
    assert made.exit_code == 0, made.output
