"""The translator: the photograph at first, strength, noise, tiles."""

import pytest
import torch
from torch import nn

from pictura.networks.tiling.streaming import stream
from pictura.networks.translator import Noise, Translator, luma, standardize, translate_image


@pytest.fixture(params=[(1, 0), (4, 0), (1, 1)])
def network(request: pytest.FixtureRequest) -> Translator:
    torch.manual_seed(0)
    ground, deep = request.param
    made = Translator((4, 6, 8), 1, ground=ground, deep=deep).eval()
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.3)
    return made


def test_the_photograph_at_first_and_at_strength_zero(network: Translator) -> None:
    x, noise = torch.rand(2, 3, 32, 48), torch.randn(2, 1, 32, 48)
    assert torch.equal(Translator((4, 6, 8), 1)(x, noise), x)
    assert torch.equal(network(x, noise, 0.0), x)
    full, half = network(x, noise), network(x, noise, 0.5)
    assert not torch.allclose(full, x, atol=0.1)
    torch.testing.assert_close(half, (x + full) / 2)


def test_what_is_fine_is_not_in_a_blurred_ground() -> None:
    fine = (torch.arange(32) % 2).float().expand(1, 3, 32, 32)
    torch.testing.assert_close(Translator((4, 6, 8), 1, ground=4)(fine), torch.full_like(fine, 0.5))


def test_size_and_costs() -> None:
    assert sum(p.numel() for p in Translator().parameters()) < 0.86e6  # 1.7 MB in half precision


def test_noise_paints_a_flat_surface(network: Translator) -> None:
    flat = torch.full((1, 3, 64, 64), 0.5)
    made = [network(flat, torch.randn(1, 1, 64, 64)) for _ in range(2)]
    assert made[0].isfinite().all()
    assert made[0][..., 24:40, 24:40].std((-2, -1)).min() > 0.05
    assert not torch.allclose(made[0], made[1], atol=0.1)


def test_noise_of_the_sizes_is_not_the_same() -> None:
    noise = torch.randn(1, 1, 64, 64)
    taken = [noise[..., s // 2 :: s, s // 2 :: s].flatten().tolist() for s in (2, 4, 8)]
    assert [len(one) for one in taken] == [1024, 256, 64]
    assert not set(taken[0]) & set(taken[1]) or not set(taken[1]) & set(taken[2])
    assert Noise(3, 8)(torch.rand(1, 3, 8, 8), noise).shape == (1, 3, 8, 8)


def test_tiles_give_what_one_piece_gives(network: Translator) -> None:
    """Also where the sides are no multiple of 8."""
    given = torch.rand(1, 4, 205, 163)
    whole = stream(given, network.parts(0.7), multiple=network.multiple, smallest=32)
    tiled = stream(given, network.parts(0.7), memory=4 * 10**6, multiple=network.multiple, smallest=32)
    assert whole.shape == (1, 3, 205, 163)
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-4)


def test_parts_are_the_network(network: Translator) -> None:
    given = torch.rand(1, 4, 64, 48)
    with torch.no_grad():
        direct = network(given[:, :3], standardize(given[:, 3:]), 0.7).clamp(0, 1)
    torch.testing.assert_close(stream(given, network.parts(0.7), multiple=network.multiple), direct, rtol=0, atol=1e-5)


def test_without_a_ground_the_picture_is_made_from_nothing() -> None:
    torch.manual_seed(0)
    network = Translator((4, 6, 8), 1, ground=0, deep=1).eval()
    x = torch.rand(1, 3, 64, 48)
    assert torch.equal(network(x, None, 0.0), x)
    made = network(x)
    assert made.shape == x.shape
    assert made.min() >= -0.05
    assert made.max() <= 1.05
    assert not torch.allclose(made, x, atol=0.2)


def test_new_colours_do_not_depend_on_the_old_ones() -> None:
    torch.manual_seed(0)
    network = Translator((4, 6, 8), 1, keep_luma=True).eval()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.3)
    photo = torch.rand(1, 3, 40, 48) / 2 + 0.25
    brown, grey = (translate_image(one, network) for one in (photo, luma(photo).expand_as(photo)))
    torch.testing.assert_close(brown, grey)


def test_any_image_keeps_its_size_and_kind() -> None:
    network = Translator((4, 6, 8), 1, deep=1).eval()
    for dtype in (torch.float32, torch.uint8):
        image = (torch.rand(1, 3, 33, 17) * 255).round().to(torch.uint8)
        image = image if dtype == torch.uint8 else image / 255
        made = translate_image(image, network)
        assert (made.shape, made.dtype) == (image.shape, dtype)
