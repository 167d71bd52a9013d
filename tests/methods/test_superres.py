"""Super-resolution: losses as printed, any size, tiles, what stays grey."""

from dataclasses import replace

import pytest
import torch

from pictura.methods import find_method, open_method
from pictura.methods.srcnn import Srcnn, SrcnnSettings, add_luma
from pictura.methods.superres import Superres, SuperresSettings, grid
from pictura.metrics.superres import luma
from pictura.networks.layers.resize import Bicubic
from pictura.picture.degrade import degrade, imresize
from pictura.runtime.errors import PicturaError

TIGHT = {Superres: 2**20, Srcnn: 2**23}  # bytes: too few for the picture below in one piece
SIZES = [(1, 1), (1, 9), (13, 2), (20, 27)]


def restless(method):
    """The method with weights far from their first ones."""
    generator = torch.Generator().manual_seed(1)
    for network in method.networks().values():
        for p in network.parameters():
            weight = torch.randn(p.shape, generator=generator) / max(1, p[0].numel()) ** 0.5
            p.data = weight if p.dim() > 1 else torch.full_like(p, 0.3)
        network.eval()
    return method


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("changes", [{}, {"scale": 8}, {"variant": "paper", "match_histogram": True}])
def test_any_size_comes_back_larger(draw, size, changes):
    method = restless(Superres(SuperresSettings(channels=4, blocks=1, **changes)))
    scale = changes.get("scale", 4)
    made = method.enlarge(draw(*size))
    assert made.shape == (1, 3, scale * size[0], scale * size[1])
    assert 0 <= made.min() <= made.max() <= 1


@pytest.mark.parametrize("size", SIZES)
def test_srcnn_at_any_size(draw, size):
    made = restless(Srcnn(SrcnnSettings(scale=3, kernels="9-1-5"))).enlarge(draw(*size))
    assert made.shape == (1, 3, 3 * size[0], 3 * size[1])


@pytest.mark.parametrize("variant", ["slim", "paper"])
def test_tiles_are_not_seen(draw, variant):
    method = restless(Superres(SuperresSettings(variant=variant, channels=4, blocks=2)))
    picture, part = draw(70, 90), method.part
    whole = method.upscaler(picture).clamp(0, 1)
    tiled, short = (
        {"memory": 4 * part.floats_per_pixel * (32 + 2 * reach) ** 2} for reach in (part.receptive_radius, 1)
    )
    assert (method.enlarge(picture, precision="float32", **tiled) - whole).abs().max() < 1e-5
    method.part = replace(part, receptive_radius=1)
    assert (method.enlarge(picture, precision="float32", **short) - whole).abs().max() > 1e-3  # the test can tell


def test_untrained_it_is_bicubic(draw):
    picture = draw(12, 10)
    made = Superres(SuperresSettings(channels=4, blocks=1)).enlarge(picture)
    assert torch.equal(made, Bicubic(4)(picture).clamp(0, 1))


@pytest.mark.parametrize("kind", [Superres, Srcnn])
def test_what_is_no_picture_and_what_is_no_option(kind):
    method = kind(kind.tiny())
    with pytest.raises(PicturaError, match="Expected an image tensor of shape 1×3×H×W, got"):
        method.enlarge(torch.rand(3, 8, 8))
    with pytest.raises(PicturaError, match=r"no option 'memori'. Did you mean 'memory'"):
        method.enlarge(torch.rand(1, 3, 8, 8), memori=1)


@pytest.mark.parametrize("kind", [Superres, Srcnn])
def test_memory_and_precision_and_bytes(kind, draw):
    method = restless(kind(kind.tiny()))
    picture = (draw(70, 80) * 255).round()
    whole = method.enlarge(picture / 255, precision="float32")
    passes = []
    next(iter(method.networks().values())).register_forward_hook(lambda *_: passes.append(1))
    tiled = method.enlarge(picture / 255, precision="float32", memory=TIGHT[kind])
    assert len(passes) > 4
    assert (tiled - whole).abs().max() < 1e-5
    made = method.enlarge(picture.byte(), precision="float32")
    assert made.dtype == torch.uint8
    assert torch.equal(made, (whole * 255).round().byte())
    with pytest.raises(
        PicturaError, match=r"^0 MiB of memory is too little for this network; it needs at least \d MiB"
    ):
        method.enlarge(picture, memory=10_000)
    assert 0 < (method.enlarge(picture / 255, precision="bfloat16") - whole).abs().max() < 0.1


def test_tiles_are_no_larger_than_is_fast(monkeypatch, draw):
    method, seen = Superres(Superres.tiny()), []
    monkeypatch.setattr("pictura.networks.tiling.enlarging.ENLARGED_TILE", 20)
    method.upscaler.register_forward_pre_hook(lambda _, x: seen.append(x[0].shape[-2:]))
    method.enlarge(draw(70, 80))
    assert max(max(size) for size in seen) == 20 + 2 * method.part.receptive_radius


def test_pixel_losses_are_their_formulas(draw):
    y, made = draw(16, 16), draw(16, 16, seed=1)
    d = made - y
    for distance, expected in {"squared": d.square().mean(), "charbonnier": (d**2 + 1e-6).sqrt().mean()}.items():
        method = Superres(SuperresSettings(channels=4, blocks=1, distance=distance))
        assert method.losses(made, y, y)["pixel"] == pytest.approx(expected.item(), rel=1e-5)


def test_feature_loss_is_a_share_of_the_variance(draw, encoder):
    layers = {"relu2_1": 1.0, "relu3_1": 0.5}
    weights = {"pixel_weight": 2.0, "low_weight": 3.0, "grid_weight": 4.0}
    method = Superres(SuperresSettings(channels=4, blocks=1, loss="feature", layers=layers, **weights))
    method.encoder = encoder
    y, made = draw(32, 32), draw(32, 32, seed=1)
    x = degrade(y, 4)
    found = method.losses(made, y, x)
    a, b = encoder(made, list(layers)), encoder(y, list(layers))
    feature = sum(w * (a[j] - b[j]).square().sum(1).mean() / encoder.scale(j) ** 2 for j, w in layers.items())
    low = ((imresize(made, (8, 8)) - x) ** 2 + 1e-6).sqrt().mean()
    pixel = ((made - y) ** 2 + 1e-6).sqrt().mean()
    lines = (grid(made - y, 4) ** 2 + 1e-6).sqrt().mean()
    expected = {"feature": feature, "pixel": 2 * pixel, "low": 3 * low, "grid": 4 * lines}
    assert {name: loss.item() for name, loss in found.items()} == pytest.approx(
        {name: loss.item() for name, loss in expected.items()}, rel=1e-5
    )


def test_the_feature_loss_sees_what_is_right_of_and_below_the_corner(draw, encoder):
    method = Superres(SuperresSettings(channels=4, blocks=1, loss="feature", layers={"relu2_1": 1.0}))
    method.encoder = encoder
    y, made = draw(32, 32), draw(32, 32, seed=1)
    x = degrade(y, 4)
    moved = method.losses(made, y, x, (3, 5))["feature"]
    assert moved == method.losses(made[..., 3:, 5:], y[..., 3:, 5:], x)["feature"]
    assert moved != method.losses(made, y, x)["feature"]


def test_the_grid_term_sees_what_repeats_and_little_else():
    pattern = torch.zeros(1, 1, 4, 4)
    pattern[..., 1, 2] = 1
    noise = torch.randn(1, 1, 256, 256, generator=torch.Generator().manual_seed(0))
    repeated = grid(pattern.repeat(1, 1, 64, 64), 4)
    assert repeated.max() == 1
    assert repeated.square().sum(1).mean() == pytest.approx(1)
    assert grid(noise, 4).square().mean() == pytest.approx(1 / 64, rel=0.1)  # a mean of 8×8
    assert grid(noise[..., :8, :12], 4).shape == (1, 16, 1, 2)


def test_feature_loss_trains_through_the_shipped_encoder(draw):
    layers = {"relu2_1": 1.0}
    method = Superres(SuperresSettings(channels=4, blocks=1, loss="feature", encoder="compact", layers=layers))
    with pytest.raises(PicturaError, match="prepare"):
        method.losses(draw(), draw(), draw(10, 12))
    method.prepare(torch.device("cpu"), torch.Generator())
    moved = []
    losses = method.step(
        {"image": draw(32, 32)}, lambda upscaler: (upscaler.backward(), moved.append("upscaler")), torch.Generator()
    )
    assert set(losses) == {"feature"}
    assert moved == ["upscaler"]
    assert method.upscaler.tail.weight.grad.abs().max() > 0
    assert all(p.grad is None for p in method.encoder.parameters())


@pytest.mark.parametrize("kind", [Superres, Srcnn])
def test_training_brings_the_loss_down(kind, draw):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        method = kind(kind.tiny().model_copy(update={"learning_rate": 3e-3}))
    (name, player), *_ = method.players(1).items()

    def update(**losses):
        player.optimizer.zero_grad()
        losses[name].backward()
        player.optimizer.step()

    batch = {"image": draw(48, 48)}
    found = [method.step(batch, update, torch.Generator())["pixel"].item() for _ in range(40)]
    assert name in method.networks()
    assert found[-1] < 0.95 * found[0]


def test_the_last_layer_of_srcnn_learns_ten_times_slower():
    optimiser = Srcnn(SrcnnSettings(optimiser="sgd", learning_rate=1e-4)).players(1)["srcnn"].optimizer
    assert [group["lr"] for group in optimiser.param_groups] == pytest.approx([1e-4, 1e-5])
    assert optimiser.param_groups[1]["params"][0].shape == (1, 32, 5, 5)


def test_crops_that_are_too_small(draw):
    nothing = lambda **_: None  # noqa: E731
    with pytest.raises(PicturaError, match="too small for ×4"):
        Superres(Superres.tiny()).step({"image": draw(3, 40)}, nothing, torch.Generator())
    with pytest.raises(PicturaError, match="too small for SRCNN"):
        Srcnn(Srcnn.tiny()).step({"image": draw(12, 40)}, nothing, torch.Generator())


@pytest.mark.parametrize("kind", [Superres, Srcnn])
def test_show_has_input_output_and_truth(kind, draw):
    shown = kind(kind.tiny()).show({"image": torch.cat([draw(41, 42), draw(41, 42, seed=1)])})
    assert [tuple(column.shape) for column in shown] == [(2, 3, 40, 40)] * 3
    assert torch.equal(shown[2][0], draw(41, 42)[0, :, :40, :40])


def test_luminance_alone_changes(draw):
    picture = 0.5 * draw(8, 8) + 0.2
    brighter = add_luma(picture, torch.full((1, 1, 8, 8), 10 / 255))
    assert (luma(brighter) - luma(picture)).flatten().tolist() == pytest.approx([10] * 64, abs=1e-3)
    assert torch.allclose(brighter[:, 0] - brighter[:, 1], picture[:, 0] - picture[:, 1], atol=1e-6)


def test_found_by_their_files():
    assert (find_method("superres"), find_method("srcnn")) == (Superres, Srcnn)


def test_a_bundle_opens_again(draw):
    from pictura.models import Bundle

    method = restless(Superres(SuperresSettings(channels=4, blocks=1)))
    bundle = Bundle.of("superres", method.settings.model_dump(mode="json"), method.networks())
    assert torch.equal(open_method(bundle).enlarge(draw(9, 8)), method.enlarge(draw(9, 8)))
