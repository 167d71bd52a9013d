"""Real-time style transfer: settings, one step, strength, styles, any size, little memory."""

import pytest
import torch
from torch import Tensor

from pictura.methods import find_method
from pictura.methods.johnson import Johnson, JohnsonSettings
from pictura.models import Bundle
from pictura.networks.slim import SlimNet
from pictura.picture import Picture, write
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import validate_settings
from pictura.style import sources
from pictura.training import recipes
from pictura.training.settings import TrainSettings

CPU = torch.device("cpu")


def small(**changes) -> Johnson:
    torch.manual_seed(0)
    settings = {"styles": ("starry-night", "great-wave"), "widths": (4, 6, 8), "blocks": 1, "filters": 2}
    method = Johnson(JohnsonSettings(**(settings | changes)))
    method.generator.eval()
    return method


def update(method: Johnson):
    player = method.players(1)["generator"]

    def step(**losses: Tensor) -> None:
        assert list(losses) == ["generator"]
        player.optimizer.zero_grad()
        losses["generator"].backward()
        player.optimizer.step()

    return step


def test_is_found() -> None:
    assert find_method("johnson") is Johnson


@pytest.mark.parametrize("variant", ["paper", "instance", "examples", "slim"])
def test_every_variant_learns(variant: str, draw) -> None:
    """A few steps on one picture lower the loss on it; the loss network stays as it was."""
    method = small(variant=variant, styles=("starry-night",), full=1.0, learning_rate=1e-2)
    method.prepare(CPU, torch.Generator())
    method.generator.train()
    assert method.perceptual_loss is not None
    frozen = [p.clone() for p in method.perceptual_loss.encoder.parameters()]
    step, batch = update(method), {"image": torch.cat([draw(64, 64, 1), draw(64, 64, 2)])}
    totals = []
    for _ in range(10):
        losses = method.step(batch, step, torch.Generator().manual_seed(0))
        totals.append(sum(v.item() for v in losses.values()))
        assert not any(v.requires_grad for v in losses.values())
    assert set(losses) == {"content", "style", "tv"} | ({"photo"} if variant == "slim" else set())
    assert totals[-1] < 0.95 * totals[0]
    assert all(torch.equal(a, b) for a, b in zip(frozen, method.perceptual_loss.encoder.parameters(), strict=True))


def test_styles_and_strengths_are_drawn_from_the_generator() -> None:
    method = small(full=0.5)
    style, strength = method._sample_styles(4000, torch.Generator().manual_seed(0))
    again = method._sample_styles(4000, torch.Generator().manual_seed(0))
    assert style == again[0]
    assert torch.equal(strength, again[1])
    assert sum(style) == pytest.approx(2000, abs=150)
    assert (strength == 1).float().mean().item() == pytest.approx(0.5, abs=0.05)
    assert strength[strength < 1].mean().item() == pytest.approx(0.5, abs=0.05)


def test_at_no_strength_only_the_photo_counts(draw) -> None:
    """And at full strength it does not."""
    method = small()
    method.prepare(CPU, torch.Generator())
    made, photo = draw(64, 64, 1), draw(64, 64, 2)
    none = method.losses(made, photo, [0], torch.zeros(1))
    assert none["content"] == none["style"] == 0
    assert none["photo"].item() == pytest.approx(50 * (made - photo).square().mean().item())
    assert method.losses(made, photo, [0], torch.ones(1))["photo"] == 0


def test_a_style_by_name_number_or_weights(draw) -> None:
    method, photo = stirred(small()), draw(40, 50)
    first, second = (method.stylize(photo, style=i, precision="float32") for i in (0, 1))
    assert torch.equal(method.stylize(photo, precision="float32"), first)
    assert torch.equal(method.stylize(photo, style="great-wave", precision="float32"), second)
    assert torch.equal(method.stylize(photo, style={"great-wave": 3}, precision="float32"), second)
    mixed = method.stylize(photo, style={"great-wave": 1, "starry-night": 3}, precision="float32")
    assert not torch.equal(mixed, first)
    assert not torch.equal(mixed, second)


def stirred(method: Johnson) -> Johnson:
    """With styles that differ."""
    for name, parameter in method.generator.named_parameters():
        if "norm" in name:
            torch.nn.init.normal_(parameter, 0.5, 0.5)
    return method


def test_strength_goes_from_the_photos_parameters_to_the_styles() -> None:
    method = small()
    assert isinstance(method.network, SlimNet)
    assert method._style_mix("great-wave", 0.25).tolist() == [[0.75, 0.0, 0.25]]
    assert method._style_mix({"starry-night": 1, "great-wave": 3}, 1.0).tolist() == [[0.0, 0.25, 0.75]]
    assert method._style_mix(None, 0.0).tolist() == [[1.0, 0.0, 0.0]]


def test_no_strength_is_the_photo(draw) -> None:
    photo = draw(45, 50)
    for memory in (3_000_000, 2**30):
        assert torch.equal(small().stylize(photo, strength=0.0, memory=memory), photo)


@pytest.mark.parametrize("variant", ["slim", "instance"])
def test_begins_with_a_network_of_other_styles(variant: str, draw) -> None:
    """What both know stays as it is; a new style begins between the known ones."""
    known = ("starry-night", "great-wave") if variant == "slim" else ("starry-night",)
    before, x = small(variant=variant, styles=known), draw(40, 48)
    with torch.no_grad():
        for p in before.generator.parameters():
            p.add_(0.3 * torch.randn_like(p))
    bundle = Bundle.of("johnson", before.settings.model_dump(mode="json"), before.networks())
    after = small(variant=variant, styles=("the-scream", "great-wave")[-len(known) :])
    after.begin(bundle)
    if variant == "slim":
        assert torch.equal(after.stylize(x, style="great-wave"), before.stylize(x, style="great-wave"))
        mixed = before.stylize(x, style={"starry-night": 1.0, "great-wave": 1.0})
        assert torch.allclose(after.stylize(x, style="the-scream"), mixed, atol=1e-6)
        assert not torch.allclose(mixed, before.stylize(x, style="great-wave"), atol=1e-2)
    else:
        assert torch.equal(after.stylize(x), before.stylize(x))


@pytest.mark.parametrize("variant", ["paper", "instance", "examples", "slim"])
@pytest.mark.parametrize("size", [(1, 1), (3, 50), (65, 47)])
def test_any_size(variant: str, size: tuple[int, int]) -> None:
    made = small(variant=variant, styles=("starry-night",)).stylize(torch.rand(1, 3, *size))
    assert made.shape == (1, 3, *size)
    assert made.dtype == torch.float32
    assert made.isfinite().all()
    assert 0 <= made.min() <= made.max() <= 1


def test_little_memory_gives_the_same_picture(draw) -> None:
    method, photo = small(), draw(200, 350)
    whole = method.stylize(photo, style=1, strength=0.7, precision="float32")
    tiled = method.stylize(photo, style=1, strength=0.7, precision="float32", memory=4_000_000)
    assert not torch.equal(whole, tiled)
    torch.testing.assert_close(tiled, whole, atol=1e-4, rtol=0)


def test_little_memory_in_half_precision_gives_nearly_the_same(draw) -> None:
    method, photo = small(), draw(200, 350)
    whole = method.stylize(photo, precision="bfloat16")
    tiled = method.stylize(photo, precision="bfloat16", memory=2_000_000)
    assert 0 < (tiled - whole).abs().mean() < 0.01


def test_half_precision_is_near_enough(draw) -> None:
    method, photo = small(), draw(64, 80)
    exact, half = (method.stylize(photo, precision=p) for p in ("float32", "bfloat16"))
    assert half.dtype == torch.float32
    assert (exact - half).abs().mean() < 0.02


def test_a_sample_sheet_shows_the_photo_each_style_and_a_half(draw) -> None:
    columns = small().show({"image": torch.cat([draw(67, 64), draw(67, 64)])})
    assert len(columns) == 4
    assert all(column.shape == (2, 3, 64, 64) for column in columns)
    assert len(small(variant="paper", styles=("the-scream",)).show({"image": draw(64, 64)})) == 2


def test_styles_may_be_paintings(tmp_path, draw) -> None:
    path = write(Picture.of(draw(60, 80)), tmp_path / "mine.png")
    method = small(styles=(str(path), "udnie"), style_size=64)
    method.prepare(CPU, torch.Generator())
    assert method.names == ["mine", "udnie"]
    assert method.stylize(draw(32, 32), style="mine").isfinite().all()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"variant": "paper"}, "supports one style, got 2"),
        ({"styles": ("a/wave.jpg", "b/wave.png")}, "the same name"),
    ],
)
def test_settings_that_cannot_be(changes, sentence: str) -> None:
    with pytest.raises(PicturaError, match=sentence):
        small(**changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"styles": ("starry-nigth",)}, "Did you mean 'starry-night'"),
        ({"content_layers": {"relu9_1": 1.0}}, "no layer 'relu9_1'"),
    ],
)
def test_preparing_what_is_not_there(changes, sentence: str) -> None:
    with pytest.raises(PicturaError, match=sentence):
        small(**changes).prepare(CPU, torch.Generator())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"style": "great-wav"}, "Did you mean 'great-wave'"),
        ({"style": 2}, "no style '2', only starry-night, great-wave"),
        ({"style": {"great-wave": -1}}, "must be 0 or more with a positive sum"),
        ({"strength": 1.5}, "must be between 0 .content only. and 1, got 1.5"),
        ({"strenght": 0.5}, "no option 'strenght'. Did you mean 'strength'"),
    ],
)
def test_options_that_cannot_be(options, sentence: str, draw) -> None:
    with pytest.raises(PicturaError, match=sentence):
        small().stylize(draw(32, 32), **options)


def test_no_picture_and_crops_too_small(draw) -> None:
    method = small()
    with pytest.raises(PicturaError, match="Expected an image tensor of shape 1×3×H×W, got"):
        method.stylize(torch.rand(3, 32, 32))
    method.prepare(CPU, torch.Generator())
    with pytest.raises(PicturaError, match="too small"):
        method.step({"image": draw(24, 24)}, update(method), torch.Generator())
    with pytest.raises(PicturaError, match="needs the slim variant"):
        small(variant="paper", styles=("udnie",)).stylize(draw(64, 64), strength=0.5)


@pytest.mark.parametrize("name", [name for name in recipes.recipe_names() if name.startswith("johnson")])
def test_recipes_are_settings(name: str) -> None:
    recipe = recipes.read_recipe(name)
    method = Johnson(validate_settings(JohnsonSettings, recipe["method"]))
    assert validate_settings(TrainSettings, recipe["train"]).crop >= 2 * method.network.smallest
    if name == "johnson":
        assert {*method.names} <= {*sources.style_names()}


@pytest.mark.parametrize("variant", ["examples", "slim"])
def test_what_is_exported_is_what_is_applied(variant: str, draw) -> None:
    method, photo = small(variant=variant, styles=("udnie",)), draw(64, 72)
    strength = 0.5 if variant == "slim" else 1.0
    expected = method.stylize(photo, strength=strength, precision="float32")
    with torch.no_grad():
        torch.testing.assert_close(method.export_network(strength=strength)(photo), expected)
