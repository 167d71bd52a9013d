"""The run from coarse to fine."""

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pictura.encoders import Encoder
from pictura.losses.gatys import content_loss, gram_loss
from pictura.losses.moments import moments
from pictura.losses.total_variation import total_variation
from pictura.losses.wasserstein import WassersteinLoss
from pictura.methods.iterative.objective import StyleObjective
from pictura.methods.iterative.pixels import Pixels
from pictura.methods.iterative.run import Interrupted, IterativeStylizer, Step
from pictura.methods.iterative.schedule import plan_scales
from pictura.methods.iterative.settings import Settings
from pictura.runtime.errors import PicturaError
from pictura.style import encode_style
from pictura.style.sources import ImageStyle

FIVE = (80, 60, 40, 30, 20)


@pytest.fixture
def painter(encoder: Encoder, draw) -> Callable[..., IterativeStylizer]:
    """A run on a made content and style; the callback may be given."""

    def made(settings: Settings, callback=None, size=(40, 48)) -> IterativeStylizer:
        content = draw(*size, seed=1)
        style = ImageStyle([draw(64, 50, seed=2)], encoder, list(settings.style_layers))
        return IterativeStylizer(encoder, settings, style.at, size, content, content, callback)

    return made


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], bool]], None]:
    """Make the total variation NaN at the evaluations (from 1) for which a condition holds."""

    def make(when: Callable[[int], bool]) -> None:
        count = itertools.count(1)
        monkeypatch.setattr(
            "pictura.methods.iterative.objective.total_variation",
            lambda x: total_variation(x) * (math.nan if when(next(count)) else 1.0),
        )

    return make


def test_scales_of_512(quick: Settings) -> None:
    found = plan_scales(512, quick.with_changes(steps=FIVE, scale_factor=2**0.5))
    assert found == [(128, 80), (181, 60), (256, 40), (362, 30), (512, 20)]


def test_larger_pictures_repeat_the_last_number_of_steps(quick: Settings) -> None:
    found = plan_scales(1024, quick.with_changes(steps=FIVE, scale_factor=2**0.5))
    assert [side for side, _ in found] == [128, 181, 256, 362, 512, 724, 1024]
    assert [steps for _, steps in found] == [80, 60, 40, 30, 20, 20, 20]


def test_one_number_of_steps_is_one_scale(quick: Settings) -> None:
    assert plan_scales(2000, quick.with_changes(steps=(500,))) == [(2000, 500)]
    assert [steps for _, steps in plan_scales(512, quick.with_changes(steps=(0, 0, 36, 16, 8)))] == [36, 16, 8]
    assert plan_scales(100, quick.with_changes(steps=(0, 0, 36, 16, 8))) == [(100, 36)]


@pytest.mark.parametrize("longest", [1, 100, 128, 180])
def test_small_pictures_have_one_scale(quick: Settings, longest: int) -> None:
    assert plan_scales(longest, quick.with_changes(steps=FIVE, scale_factor=2**0.5)) == [(longest, 80)]


@pytest.mark.parametrize("longest", range(129, 700, 57))
def test_no_scale_lies_below_the_coarsest(quick: Settings, longest: int) -> None:
    found = [side for side, _ in plan_scales(longest, quick.with_changes(steps=FIVE, scale_factor=2**0.5))]
    assert found[0] >= 128 and found[-1] == longest and found == sorted(set(found))


@pytest.mark.parametrize(("loss", "weight"), [("wasserstein", 1.0), ("gram", 1e3)])
@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.02), ("lbfgs", 1.0), ("sgd", 10.0)])
def test_every_optimiser_lowers_every_style_loss(
    painter, quick, loss: str, weight: float, optimizer: str, rate: float
) -> None:
    said: list[Step] = []
    style = {"loss": loss, "style_weight": weight, "content_weight": 0}
    settings = quick.with_changes(**style, optimizer=optimizer, learning_rate=rate, steps=(15,))
    result = painter(settings, said.append).paint()
    assert said[-1].losses["style"] < 0.9 * said[0].losses["style"]
    assert result.min() >= 0 and result.max() <= 1


def test_terms_are_the_weighted_losses_of_the_papers(encoder, quick, draw) -> None:
    settings = quick.with_changes(loss="gram", content_weight=0.5, style_weight=3, tv_weight=2)
    x, content, style = draw(seed=1), draw(seed=2), encode_style(draw(seed=3), encoder, list(settings.style_layers), 99)
    found = StyleObjective(encoder, settings, style, content)(x)
    f, p = (encoder(picture, ["relu1_1", "relu2_1", "relu3_1"]) for picture in (x, content))
    expected = {
        "content": 0.5 * content_loss(f["relu2_1"], p["relu2_1"]) / f["relu2_1"].numel(),
        "style": 3 * sum(gram_loss(moments(f[name])[1], style[name][1]) for name in f),
        "tv": 2 * total_variation(x),
    }
    assert {n: t.item() for n, t in found.items()} == pytest.approx({n: t.item() for n, t in expected.items()})


def test_a_picture_with_its_own_content_and_style_has_no_loss(encoder, quick, draw) -> None:
    settings = quick.with_changes(style_layers={"relu1_1": 1, "relu2_1": 1})  # without a ring that is left out
    style = encode_style(draw(), encoder, list(settings.style_layers), 99)
    terms = StyleObjective(encoder, settings, style, draw())(draw())
    assert terms["content"].item() == 0
    assert terms["style"].item() == pytest.approx(0, abs=1e-3)  # the ridge


@pytest.mark.parametrize(
    ("layer", "loss", "size", "ring"),
    [
        ("relu3_1", "wasserstein", (24, 20), True),
        ("relu3_1", "wasserstein", (24, 19), False),  # 4 responses wide: too few to leave any out
        ("relu2_1", "wasserstein", (24, 20), False),  # a stride of 2
        ("relu3_1", "gram", (24, 20), False),  # as printed
    ],
)
def test_the_outermost_deep_responses_do_not_count_as_style(encoder, quick, draw, layer, loss, size, ring) -> None:
    settings = quick.with_changes(style_layers={layer: 1}, content_weight=0, tv_weight=0, loss=loss)
    mean, second = encode_style(draw(seed=2), encoder, [layer], 99)[layer]
    found = StyleObjective(encoder, settings, {layer: (mean, second)}, None)(draw(*size))["style"]
    f = encoder(draw(*size), [layer])[layer]
    counted = moments(f[:, :, 1:-1, 1:-1] if ring else f)
    expected = (
        gram_loss(counted[1], second)
        if loss == "gram"
        else WassersteinLoss(mean, second, encoder.scale(layer))(*counted)
    )
    torch.testing.assert_close(found, expected)


def test_the_encoder_sees_the_picture_through_the_look(encoder, quick, draw) -> None:
    style = encode_style(draw(seed=2), encoder, list(quick.style_layers), 99)
    plain = StyleObjective(encoder, quick, style, draw(seed=1))
    darker = StyleObjective(encoder, quick, style, draw(seed=1), lambda x: x / 2)
    assert darker(draw())["style"] == plain(draw() / 2)["style"]
    assert darker(draw())["content"] == plain(draw() / 2)["content"]
    assert darker(draw())["tv"] == plain(draw())["tv"]


class TestSmoothing:
    @pytest.mark.parametrize("optimizer", ["adam", "sgd"])
    def test_one_seed_one_picture(self, painter, quick, optimizer: str) -> None:
        noisy = quick.with_changes(smoothing=0.1, optimizer=optimizer, learning_rate=0.05)
        made = painter(noisy).paint()
        assert torch.equal(made, painter(noisy).paint())
        assert not torch.equal(made, painter(noisy.with_changes(seed=1)).paint())

    def test_off_at_0(self, painter, quick) -> None:
        assert torch.equal(painter(quick).paint(), painter(quick.with_changes(seed=1)).paint())
        assert not torch.equal(painter(quick).paint(), painter(quick.with_changes(smoothing=0.1)).paint())

    def test_lbfgs_goes_without(self, painter, quick) -> None:
        plain = quick.with_changes(optimizer="lbfgs", learning_rate=1)
        assert torch.equal(painter(plain).paint(), painter(plain.with_changes(smoothing=0.1)).paint())

    def test_it_falls_to_a_fifth_from_scale_to_scale(self, painter, quick) -> None:
        run = painter(quick.with_changes(smoothing=0.1, steps=(1, 1), scale_factor=2), size=(8, 512))
        grey = torch.full((1, 3, 64, 64), 0.5)
        found = [(run._noise_transform(index)(grey) - grey).std().item() for index in range(len(run.schedule))]
        assert found == pytest.approx([0.1, 0.1 * 0.2**0.5, 0.02], rel=0.05)

    def test_new_noise_at_every_look(self, painter, quick, draw) -> None:
        look_through = painter(quick.with_changes(smoothing=0.1))._noise_transform(0)
        assert not torch.equal(look_through(draw()), look_through(draw()))


def test_same_settings_same_picture_bit_for_bit(painter, quick) -> None:
    assert torch.equal(painter(quick).paint(), painter(quick).paint())


def test_averaged_iterates_are_the_result(painter, quick) -> None:
    iterates: list[Tensor] = []
    last = painter(quick.with_changes(averaging=0.0), lambda step: iterates.append(step.picture())).paint()
    averaged = painter(quick.with_changes(averaging=0.5)).paint()
    start = painter(quick).start
    expected = (start / 8 + iterates[0] / 4 + iterates[1] / 2 + iterates[2]) / (1 / 8 + 1 / 4 + 1 / 2 + 1)
    assert torch.equal(last, iterates[2])
    torch.testing.assert_close(averaged, expected)


def test_adams_moments_go_with_the_picture_from_scale_to_scale(painter, quick, monkeypatch) -> None:
    handed: list[Pixels] = []
    resized = Pixels.resize_to
    monkeypatch.setattr(Pixels, "resize_to", lambda *given: handed.append(resized(*given)) or handed[-1])
    painter(quick.with_changes(steps=(2, 1), scale_factor=2**0.5), size=(150, 260)).paint()
    # 130, 184 and 260 pixels with 2, 1 and 1 steps: Adam goes on counting.
    assert [max(pixels.x.shape) for pixels in handed] == [184, 260]
    assert handed[-1].optimizer.state[handed[-1].x]["step"] == 4


def test_steps_tell_where_the_work_stands(painter, quick) -> None:
    said: list[Step] = []
    painter(quick.with_changes(steps=(2, 0, 1), scale_factor=2**0.5), said.append, size=(150, 260)).paint()
    assert [(step.step, step.steps) for step in said] == [(1, 3), (2, 3), (3, 3)]
    assert [max(step.size) for step in said] == [130, 130, 260]
    assert all(step.left >= 0 and step.seconds >= 0 and not step.note for step in said)
    assert said[0].left > 0 and said[-1].left == 0
    assert all(step.picture().shape == (1, 3, 150, 260) for step in said)
    assert all(step.losses["total"] == pytest.approx(sum(step.losses.values()) / 2, rel=1e-5) for step in said)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "sgd"])
def test_nan_once_goes_back_to_the_last_good_picture(painter, quick, failing, optimizer: str) -> None:
    failing(lambda evaluation: evaluation == 4)
    said, pictures = [], []
    settings = quick.with_changes(optimizer=optimizer, learning_rate=0.02, steps=(6,), averaging=0.0)
    result = painter(settings, lambda step: (said.append(step), pictures.append(step.picture()))).paint()
    assert [bool(step.note) for step in said] == [False, False, False, True, False, False]
    assert "not a number" in said[3].note and "0.01" in said[3].note
    assert torch.equal(pictures[3], pictures[1])
    assert all(picture.isfinite().all() for picture in [*pictures, result])
    assert not torch.equal(pictures[5], pictures[3])


def test_nan_for_ever_is_told(painter, quick, failing) -> None:
    failing(lambda evaluation: evaluation > 3)
    with pytest.raises(PicturaError, match="still NaN at the smallest step size"):
        painter(quick.with_changes(steps=(30,))).paint()


def test_ctrl_c_carries_the_best_so_far(painter, quick) -> None:
    def stop(step: Step) -> None:
        if step.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        painter(quick, stop).paint()
    expected = painter(quick.with_changes(steps=(2,))).paint()
    assert torch.equal(stopped.value.picture, expected)


def test_stop_ends_the_run_as_ctrl_c_does(painter, quick) -> None:
    steps: list[Step] = []
    run = painter(quick, steps.append)
    run.stop = lambda: len(steps) == 2
    with pytest.raises(Interrupted) as stopped:
        run.paint()
    assert len(steps) == 2
    assert torch.equal(stopped.value.picture, painter(quick.with_changes(steps=(2,))).paint())
