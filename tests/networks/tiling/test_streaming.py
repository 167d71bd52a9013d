"""Tiles and statistics: the same picture as in one piece, for every kind of network, in little memory."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.johnson import ExamplesNet, JohnsonNet
from pictura.networks.layers.norm import InstanceNorm, Sums, use_statistics
from pictura.networks.slim import SlimNet
from pictura.networks.tiling.streaming import NetworkPart, stream
from pictura.networks.tiling.tiles import Tile, TiledImage, extend_size, mirror_indices, rows_of_tiles
from pictura.runtime.errors import PicturaError

FEW = 1_700_000  # bytes: too few for the picture below in one piece


def made(network: nn.Module) -> nn.Module:
    """With norms that do something, and pixels that fill their range, so that a difference would be seen."""
    torch.manual_seed(1)
    for parameter in network.parameters():
        if parameter.dim() <= 2:
            nn.init.normal_(parameter, 0.3, 0.5)
    return network.eval()


class Enlarging(nn.Module):
    """×2 by transposed convolution behind a norm, zero padding: super-resolution in small."""

    multiple, smallest = 1, 2

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 6, 3, padding=1), InstanceNorm(6)
        self.last = nn.ConvTranspose2d(6, 3, 4, 2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.relu(self.norm(self.first(x))))

    def parts(self) -> list[NetworkPart]:
        return [NetworkPart(lambda x, _: self(x), [self.norm], 3, floats_per_pixel=24)]


NETWORKS = {
    "slim": lambda: SlimNet(2, (4, 6, 8), 2),
    "examples": lambda: ExamplesNet(2),
    "instance": lambda: JohnsonNet(2, "instance"),
    "paper": lambda: JohnsonNet(2),
    "enlarging": Enlarging,
}
SLOW = {"instance": pytest.mark.slow}  # thirteen sites and no map between them


def through(network: nn.Module, picture: Tensor, *, parts: list[NetworkPart] | None = None, **options) -> Tensor:
    parts = parts or network.parts()
    return stream(picture, parts, multiple=network.multiple, smallest=network.smallest, **options)


def enough(parts: list[NetworkPart], multiple: int, side: int = 110) -> int:
    """Memory for tiles of about this side where nothing can be kept."""
    halo = sum(part.receptive_radius for part in parts) + multiple
    return int(4 * max(part.floats_per_pixel for part in parts) * (2 * halo + side) ** 2)


@pytest.mark.parametrize(
    ("name", "keeping"),
    [("slim", True), ("slim", False), ("examples", True), ("enlarging", True), ("enlarging", False)],
)
def test_in_tiles_as_in_one_piece(name: str, keeping: bool, draw) -> None:
    """In double precision, so that nothing but rounding is forgiven, whatever these weights make of it."""
    network, picture = made(NETWORKS[name]()).double(), draw(203, 350).double()
    calls: list[int] = []
    last = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))][-1]
    last.register_forward_hook(lambda *_: calls.append(1))
    whole = through(network, picture)
    assert len(calls) == 1
    # A thousandth of the width, and of the memory: tiles are the same, but no map fits any more.
    parts = (
        network.parts()
        if keeping
        else [replace(part, floats_per_pixel=part.floats_per_pixel / 1000) for part in network.parts()]
    )
    tiled = through(network, picture, parts=parts, memory=enough(parts, network.multiple))
    assert len(calls) > 3
    torch.testing.assert_close(tiled, whole, atol=1e-9, rtol=0)


@pytest.mark.parametrize("name", [pytest.param(n, marks=SLOW.get(n, ())) for n in NETWORKS])
def test_in_tiles_as_in_one_piece_in_single_precision(name: str, draw) -> None:
    torch.manual_seed(0)
    network, picture = NETWORKS[name]().eval(), draw(203, 350)
    whole = through(network, picture)
    parts = network.parts()
    tiled = through(network, picture, memory=enough(parts, network.multiple))
    assert name == "paper" or not torch.equal(tiled, whole)  # no two ways of adding up agree to the last bit
    torch.testing.assert_close(tiled, whole, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", ["slim", "examples"])
def test_statistics_matter(name: str, draw) -> None:
    """Tiles with their own statistics would be seen: the test above tests something."""
    network, picture = made(NETWORKS[name]()), draw(128, 160)
    halves = torch.cat([through(network, half) for half in picture.split(80, dim=3)], dim=3)
    whole = through(network, picture)
    assert (halves - whole).abs().max() > whole.std()


def test_statistics_end_with_the_call(draw) -> None:
    network, x = made(NETWORKS["slim"]()), draw(96, 120)
    norms = [layer for part in network.parts() for layer in part.norm_layers]
    through(network, x, memory=FEW)
    assert all(norm.given_statistics(x) is None for norm in norms)

    def stop_when_known(x: Tensor, _: Tensor) -> Tensor:
        network.down1(F.pixel_unshuffle(x, 2), torch.eye(3)[:1])
        if network.down1.norm.given_statistics(x) is not None:
            raise RuntimeError("stop")
        return x

    with pytest.raises(RuntimeError, match="stop"):
        stream(x, [NetworkPart(stop_when_known, [network.down1.norm])], memory=FEW // 2, multiple=8, smallest=32)
    assert all(norm.given_statistics(x) is None for norm in norms)


def test_given_statistics_are_not_measured(draw) -> None:
    network, x = Enlarging().eval(), draw(203, 350)
    known = {network.norm: (torch.zeros(6), torch.ones(6))}
    passes: list[int] = []
    network.first.register_forward_hook(lambda *_: passes.append(1))
    with use_statistics(known):
        tiled = through(network, x, memory=enough(network.parts(), 1))
        counted = len(passes)
        torch.testing.assert_close(tiled, network(x).clamp(0, 1), atol=1e-6, rtol=0)
    passes.clear()
    through(network, x, memory=enough(network.parts(), 1))
    assert len(passes) > counted


def test_the_result_may_take_the_pictures_place(draw) -> None:
    network, picture = NETWORKS["slim"]().eval(), draw(139, 170)
    expected = through(network, picture)
    for memory in (FEW, 2**30):
        place = picture.clone()
        assert through(network, place, memory=memory, out=place) is place
        torch.testing.assert_close(place, expected, atol=1e-4, rtol=0)


def test_bytes_in_bytes_out(draw) -> None:
    network, picture = NETWORKS["slim"]().eval(), (draw(139, 170) * 255).round()
    expected = (through(network, picture / 255) * 255).round()
    for memory in (FEW, 2**30):
        found = through(network, picture.to(torch.uint8), memory=memory)
        assert found.dtype == torch.uint8
        assert (found.float() - expected).abs().max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (33, 2), (64, 65)])
def test_every_size_keeps_its_size(size: tuple[int, int]) -> None:
    network = made(NETWORKS["slim"]())
    assert through(network, torch.rand(1, 3, *size)).shape == (1, 3, *size)


def test_too_little_memory_says_how_much_it_takes(draw) -> None:
    network = made(NETWORKS["slim"]())
    with pytest.raises(PicturaError, match=r"0 MiB of memory is too little .* at least 1 MiB"):
        through(network, draw(128, 128), memory=100_000)
    through(network, draw(128, 128), memory=2**20)


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 3, 8, 8), (1, 3, 0, 8)])
def test_no_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(PicturaError, match="Expected one image tensor 1×C×H×W"):
        through(NETWORKS["slim"](), torch.rand(*shape))


def test_sums_are_those_of_all_pieces() -> None:
    x = 1000 + torch.randn(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    sums = Sums()
    for piece in (x[..., :7, :], x[..., 7:, :11], x[..., 7:, 11:]):
        sums.add(piece)
    mean, variance = sums.statistics()
    torch.testing.assert_close(mean, x.double().mean((0, 2, 3)).float())
    torch.testing.assert_close(variance, x.double().var((0, 2, 3), correction=0).float(), rtol=1e-5, atol=0)


def test_a_line_is_mirrored_behind_its_end() -> None:
    assert mirror_indices(0, 9, 4).tolist() == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert mirror_indices(2, 5, 1).tolist() == [0, 0, 0]
    assert extend_size((1, 17), 8, 32) == (32, 32)
    assert extend_size((40, 41), 8, 32) == (40, 48)


def test_tiles_cover_everything_once() -> None:
    counts = torch.zeros(1, 1, 50, 70)
    for row in rows_of_tiles((50, 70), 24):
        for tile in row:
            tile.crop(counts, Fraction(1)).add_(1)
    assert (counts == 1).all()


def test_a_source_reads_mirrored_pixels_and_what_it_holds() -> None:
    picture = torch.rand(1, 3, 10, 11)
    whole = F.pad(picture, (0, 5, 0, 6), mode="reflect")
    source, tile = TiledImage(picture.clone(), (16, 16)), Tile(4, 16, 8, 16)
    assert torch.equal(source.tile(tile), tile.crop(whole, Fraction(1)))
    source.keep_rows(0, 8)
    source.pixels[..., :8, :] = 0
    source.keep_rows(2, 16)
    assert torch.equal(source.tile(tile), tile.crop(whole, Fraction(1)))
