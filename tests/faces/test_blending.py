import cmath

import pytest
import torch

from pictura.faces.aligning import Similarity, pixel_centres
from pictura.faces.blending import FADED, WHOLE, add_change, fade_mask

PLACE = Similarity(cmath.rect(60, 0.3), 30 + 12j)


def distance(place, height, width):
    """Of each pixel from the middle of the square, 1 at its border, in the norm in which the change fades."""
    shares = place.inverse()(pixel_centres(height, width))
    return ((2 * shares - 1).abs() ** 4).sum(-1) ** 0.25


def test_the_mask():
    mask = fade_mask(64)[0, 0]
    assert mask[32, 32] == 1
    assert float(mask[0].max()) == float(mask[:, -1].max()) == 0
    assert torch.equal(mask, mask.T)
    assert torch.equal(mask, mask.flip(0))
    steps = mask[32, :32].diff()
    assert float(steps.min()) >= 0
    assert float(steps.max()) < 0.2


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8])
@pytest.mark.parametrize("side", [128, 48])
def test_outside_the_mask_nothing_changes(draw, dtype, side):
    image = draw(100, 120)
    image = image if dtype == torch.float32 else (255 * image).round().to(dtype)
    before = image.clone()
    made = add_change(image, torch.full((1, 3, side, side), 0.2), PLACE)
    assert torch.equal(image, before)
    far = distance(PLACE, 100, 120)
    pixel = 2 / min(side, 60)  # of the change as it is enlarged: the square has 60 pixels in the picture
    outside = far > FADED + 5 * pixel  # as far as reducing and bicubic sampling reach, along a diagonal
    assert torch.equal(made[..., outside], image[..., outside])
    inside = far < WHOLE - 5 * pixel
    moved = (made[..., inside].float() - image[..., inside].float()) / (255 if dtype == torch.uint8 else 1)
    room = image[..., inside] < (0.79 if dtype == torch.float32 else 200)
    torch.testing.assert_close(moved[room], torch.full_like(moved[room], 0.2), atol=3e-3, rtol=0)


def test_no_change_is_no_change(draw):
    image = draw(70, 90)
    assert torch.equal(add_change(image, torch.zeros(1, 3, 64, 64), PLACE), image)
    assert torch.equal(add_change(image, torch.zeros(1, 3, 64, 64), PLACE, fade=False), image)


def test_fine_detail_stays():
    noise = torch.rand(1, 3, 400, 400, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.2
    y, x = torch.meshgrid(torch.linspace(-1, 1, 40), torch.linspace(-1, 1, 40), indexing="ij")
    change = (0.1 * x * y).expand(1, 3, 40, 40)
    made = add_change(noise, change, Similarity(400, 0))
    middle = slice(100, 300)
    added = (made - noise)[..., middle, middle]
    assert added.abs().max() > 0.01
    assert (added[..., 1:] - added[..., :-1]).abs().max() < 2e-3  # the noise is as it was: what was added is smooth


def test_half_outside_the_picture(draw):
    image = draw(40, 40)
    made = add_change(image, torch.full((1, 3, 32, 32), 0.1), Similarity(60, -30 - 20j))
    assert made.shape == image.shape
    assert (made != image).any()


def test_a_turned_change_is_turned_back():
    place = Similarity(cmath.rect(64, 0.7), 60 + 10j)
    spot = torch.zeros(1, 3, 64, 64)
    spot[..., 20:24, 40:44] = 0.5
    made = add_change(torch.full((1, 3, 120, 120), 0.3), spot, place)[0, 0] - 0.3
    weight = made.clamp(min=0) / made.clamp(min=0).sum()
    middle = (pixel_centres(120, 120) * weight[..., None]).sum((0, 1))
    torch.testing.assert_close(middle, place(torch.tensor([42 / 64, 22 / 64])), atol=0.2, rtol=0)
