"""Pictures in, the same kind of picture out."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from pictura.api import stylize, synthesize
from pictura.methods.iterative.run import Interrupted, Step
from pictura.picture import Picture, write
from pictura.picture.denoise import denoise
from pictura.picture.kinds import as_picture
from pictura.runtime.errors import PicturaError
from pictura.style import Style, encode_style, load_style

SIZE = (20, 26)


@pytest.fixture
def paint(encoder, quick, draw):
    """`stylize` with the tiny encoder, a made style and quick settings, of which some may be changed."""

    def painted(content=None, style=None, *, callback=None, size=None, style_weights=None, **changes):
        content = draw(*SIZE, seed=1) if content is None else content
        style = draw(48, 40, seed=2) if style is None else style
        given = {"callback": callback, "size": size, "style_weights": style_weights}
        return stylize(content, style, quick.with_changes(**changes), encoder=encoder, **given)

    return painted


@pytest.fixture
def made(encoder, quick, draw):
    """`synthesize` likewise."""

    def painted(size, texture=None, *, callback=None, **changes):
        texture = draw(48, 40, seed=2) if texture is None else texture
        settings = quick.with_changes(**{"init": "noise", "content_weight": 0, **changes})
        return synthesize(texture, size, settings, encoder=encoder, callback=callback)

    return painted


def as_bytes(picture: Tensor) -> np.ndarray:
    return (picture[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)


class TestSizes:
    @pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (33, 47)])
    def test_the_contents_own(self, paint, draw, size) -> None:
        assert paint(draw(*size), steps=(2, 1)).shape == (1, 3, *size)

    @pytest.mark.parametrize(("longest", "expected"), [(13, (10, 13)), (52, (40, 52)), (1, (1, 1))])
    def test_asked_for(self, paint, longest: int, expected) -> None:
        assert paint(size=longest).shape == (1, 3, *expected)

    def test_large_contents_are_painted_smaller_and_come_back_large(self, paint, draw) -> None:
        said: list[Step] = []
        result = paint(draw(30, 1200), steps=(1,), callback=said.append)
        assert result.shape == (1, 3, 30, 1200)
        assert [step.size for step in said] == [(26, 1024)]

    def test_large_contents_are_painted_large_when_asked(self, paint, draw) -> None:
        said: list[Step] = []
        paint(draw(30, 1200), steps=(1,), size=1100, callback=said.append)
        assert [step.size for step in said] == [(28, 1100)]

    def test_no_size(self, paint) -> None:
        with pytest.raises(PicturaError, match="longest side must be at least 1 pixel, got 0"):
            paint(size=0)
        with pytest.raises(PicturaError, match=f"of {10**20}×.* cannot be made: give 1 to 65535 a side"):
            paint(size=10**20)

    @pytest.mark.parametrize("size", [(1, 1), (3, 90), (90, 3)])
    def test_styles_of_any_size(self, paint, draw, size) -> None:
        assert paint(style=draw(*size)).isfinite().all()


class TestKinds:
    @pytest.mark.parametrize("depth", [8, 16])
    def test_a_path_gives_a_picture_with_all_it_had(self, paint, draw, tmp_path: Path, depth: int) -> None:
        alpha = np.linspace(0, 1, SIZE[0] * SIZE[1], dtype=np.float32).reshape(SIZE)
        given = Picture(Picture.of(draw(*SIZE)).pixels, alpha=alpha, depth=depth)
        found = paint(write(given, tmp_path / "content.png"))
        assert isinstance(found, Picture)
        assert (found.size, found.depth) == (SIZE, depth)
        np.testing.assert_allclose(found.alpha, alpha, atol=1 / 255)

    def test_alpha_follows_the_size(self, paint, draw) -> None:
        given = Picture(Picture.of(draw(*SIZE)).pixels, alpha=np.ones(SIZE, np.float32))
        found = paint(given, size=13)
        assert found.size == found.alpha.shape == (10, 13)

    def test_pil_colour(self, paint, draw) -> None:
        found = paint(Image.fromarray(as_bytes(draw(*SIZE))))
        assert isinstance(found, Image.Image) and found.mode == "RGB" and found.size == SIZE[::-1]

    def test_pil_alpha(self, paint, draw) -> None:
        given = Image.fromarray(as_bytes(draw(*SIZE)))
        given.putalpha(Image.linear_gradient("L").resize(given.size))
        found = paint(given)
        assert found.mode == "RGBA"
        assert np.array_equal(np.asarray(found.getchannel("A")), np.asarray(given.getchannel("A")))

    def test_pil_grey_becomes_colourful(self, paint, draw) -> None:
        found = paint(Image.fromarray(as_bytes(draw(*SIZE))[..., 0]))
        assert found.mode == "RGB" and found.size == SIZE[::-1]

    def test_pil_of_16_bits_is_not_clipped(self) -> None:
        deep = np.array([[0, 20000, 40000, 65535]], np.uint16)
        np.testing.assert_allclose(as_picture(Image.fromarray(deep)).pixels[..., 0], deep / 65535, atol=1e-6)

    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
    @pytest.mark.parametrize("grey", [False, True])
    def test_arrays(self, paint, draw, dtype: type, grey: bool) -> None:
        top = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
        given = (draw(*SIZE, seed=1)[0].permute(1, 2, 0).numpy() * top).astype(dtype)
        found = paint(given[..., 0] if grey else given)
        assert (found.dtype, found.shape) == (dtype, (*SIZE, 3))
        if not grey:
            expected = paint()[0].permute(1, 2, 0).numpy()
            # Adam moves a pixel whose gradient is nearly 0 by the sign of a rounding error, hence the mean.
            assert np.abs(found / top - expected).mean() < 0.01

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
    @pytest.mark.parametrize("batch", [(), (1,)])
    def test_tensors(self, paint, draw, dtype: torch.dtype, batch: tuple[int, ...]) -> None:
        given = draw(*SIZE).reshape(*batch, 3, *SIZE).to(dtype)
        found = paint(given)
        assert (found.shape, found.dtype, found.device) == (given.shape, dtype, given.device)
        assert found.min() >= 0 and found.max() <= 1

    def test_what_was_given_is_left_alone(self, paint, draw) -> None:
        given = draw(*SIZE)
        before = given.clone()
        paint(given)
        assert torch.equal(given, before)

    @pytest.mark.parametrize(
        "given",
        [
            np.zeros((4, 4, 2), np.uint8),
            np.zeros((4, 4, 3), np.int64),
            np.zeros((0, 4, 3), np.uint8),
            np.full((4, 4, 3), np.nan),
            torch.zeros(2, 3, 4, 4),
            torch.zeros(4, 4),
            torch.zeros(3, 4, 4, dtype=torch.uint8),
            Image.new("I", (4, 4)),
            17,
            None,
        ],
        ids=lambda given: type(given).__name__,
    )
    def test_what_is_no_picture(self, given) -> None:
        with pytest.raises(PicturaError):
            as_picture(given)

    def test_every_kind_can_be_a_style(self, paint, draw, tmp_path: Path) -> None:
        style = draw(48, 40, seed=2)
        pixels = as_bytes(style)
        path = write(Picture.of(pixels), tmp_path / "style.png")
        results = [paint(style=kind) for kind in (pixels, Image.fromarray(pixels), path, str(path), tmp_path)]
        assert all(torch.equal(found, results[0]) for found in results)
        # The rounding to 8 bits apart; a pixel whose gradient is nearly 0 Adam moves by its sign, hence the mean.
        assert (paint(style=style) - results[0]).abs().mean() < 1e-3


class TestStarts:
    def test_noise_depends_on_the_seed_and_on_nothing_else(self, paint) -> None:
        assert torch.equal(paint(init="noise", seed=1), paint(init="noise", seed=1))
        assert not torch.equal(paint(init="noise", seed=1), paint(init="noise", seed=2))

    def test_each_start_is_seen_in_the_first_picture(self, paint, draw, tmp_path: Path) -> None:
        write(Picture.of(draw(*SIZE, seed=9)), tmp_path / "start.png")
        starts = ("content", "style", "grey", "noise", str(tmp_path / "start.png"))
        first = {kind: paint(init=kind, steps=(1,), learning_rate=1e-6) for kind in starts}
        assert (first["content"] - draw(*SIZE, seed=1)).abs().max() < 1e-4
        assert (first["grey"] - 0.5).abs().max() < 1e-4
        assert (first[starts[-1]] - draw(*SIZE, seed=9)).abs().max() < 1 / 255
        assert first["style"].mean() == pytest.approx(draw(48, 40, seed=2).mean().item(), abs=0.02)
        assert first["noise"].std() == pytest.approx(0.1, rel=0.2)

    def test_a_start_without_its_picture(self, paint, made, encoder, draw) -> None:
        style = Style.of([draw(seed=2)], encoder, TestStyles.LAYERS, (32,))
        with pytest.raises(PicturaError, match=r"There is no style picture to start from; use --init noise or grey\."):
            paint(style=style, init="style")
        with pytest.raises(PicturaError, match=r"There is no content picture to start from"):
            made((20, 20), init="content")

    def test_a_style_to_start_from_may_stand_anywhere(self, paint, encoder, draw) -> None:
        style = Style.of([draw(seed=3)], encoder, TestStyles.LAYERS, (32,))
        flat = torch.full((1, 3, 30, 30), 0.25)
        first = paint(style=[style, flat], init="style", steps=(1,), learning_rate=1e-6)
        assert (first - 0.25).abs().max() < 1e-4

    def test_a_picture_that_is_not_there(self, paint) -> None:
        with pytest.raises(PicturaError, match="'nosie' does not exist"):
            paint(init="nosie")


class TestWhileItRuns:
    def test_steps_are_told(self, paint) -> None:
        said: list[Step] = []
        result = paint(callback=said.append)
        assert [(step.step, step.steps) for step in said] == [(1, 3), (2, 3), (3, 3)]
        assert said[-1].left == 0
        assert torch.equal(said[-1].picture(), result)

    @pytest.mark.parametrize("kind", [Tensor, np.ndarray, Image.Image, Picture])
    def test_ctrl_c_gives_the_callers_kind_of_picture(self, paint, draw, kind: type) -> None:
        content = draw(*SIZE)
        given = {
            Tensor: content,
            np.ndarray: as_bytes(content),
            Image.Image: Image.fromarray(as_bytes(content)),
            Picture: Picture.of(content),
        }[kind]

        def stop(step: Step) -> None:
            raise KeyboardInterrupt

        with pytest.raises(Interrupted) as stopped:
            paint(given, callback=stop)
        assert isinstance(stopped.value.picture, kind)
        assert as_picture(stopped.value.picture).size == SIZE

    def test_denoising_is_the_last_thing(self, paint) -> None:
        assert torch.equal(paint(denoise=0.8), denoise(paint(), 0.8))

    def test_the_encoder_is_loaded_by_name(self, monkeypatch, encoder, quick, draw) -> None:
        asked = []
        monkeypatch.setattr("pictura.tasks.optimize.load_encoder", lambda *a, **k: asked.append((a, k)) or encoder)
        stylize(draw(*SIZE), draw(seed=2), quick.with_changes(encoder="tiny", pooling="average", dtype="auto"))
        assert asked == [(("tiny",), {"pooling": "average", "padding": "replicate", "dtype": None, "device": "cpu"})]


class TestStyles:
    LAYERS = ("relu1_1", "relu2_1", "relu3_1")

    @pytest.fixture
    def two(self, draw) -> list[Tensor]:
        return [draw(48, 40, seed=2), draw(40, 44, seed=3)]

    def test_a_weight_of_0_is_as_if_it_were_not_there(self, paint, two) -> None:
        assert torch.equal(paint(style=two, style_weights=(1, 0)), paint(style=two[0]))

    def test_only_the_ratio_of_weights_counts(self, paint, two) -> None:
        assert torch.equal(paint(style=two, style_weights=(2, 2)), paint(style=two))

    def test_the_heavier_style_is_the_nearer(self, paint, two, encoder) -> None:
        targets = [encode_style(style, encoder, self.LAYERS, max(SIZE)) for style in two]

        def nearer_to_first(weights: tuple[int, int]) -> float:
            made = paint(style=two, style_weights=weights, content_weight=0, steps=(12,))
            found = encode_style(made, encoder, self.LAYERS, max(SIZE))
            one, other = (sum((found[n][1] - t[n][1]).norm() / t[n][1].norm() for n in found) for t in targets)
            return float(other - one)

        assert nearer_to_first((9, 1)) > nearer_to_first((1, 1)) > nearer_to_first((1, 9))

    def test_larger_strokes_come_from_a_larger_painting(self, paint, encoder, draw) -> None:
        painting = draw(200, 150, seed=2)
        twice = Style.of([painting], encoder, self.LAYERS, (2 * max(SIZE),))
        torch.testing.assert_close(paint(style=painting, style_scale=2), paint(style=twice))

    def test_a_painting_and_a_style_with_more_layers(self, paint, encoder, two) -> None:
        style = Style.of(two[:1], encoder, self.LAYERS, (32,))
        for styles in ([style, two[1]], [two[1], style]):
            assert paint(style=styles, style_layers={"relu1_1": 1}).isfinite().all()

    def test_a_style_file_and_a_shipped_name(self, paint, encoder, two, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setattr("pictura.style.sources.STYLES_FOLDER", tmp_path)
        path = Style.of(two[:1], encoder, self.LAYERS, (32,)).save(tmp_path / "discs.style")
        assert torch.equal(paint(style=path), paint(style="discs"))

    @pytest.mark.parametrize("weights", [(1,), (1, 2, 3), ()])
    def test_a_weight_for_each(self, paint, two, weights) -> None:
        with pytest.raises(PicturaError, match=f"There are 2 styles but {len(weights)} style weights"):
            paint(style=two, style_weights=weights)

    def test_paintings_opened_once_serve_many_contents(self, paint, encoder, quick, two, draw, monkeypatch) -> None:
        opened = load_style(two[0], encoder, list(quick.style_layers))
        expected = [paint(draw(*SIZE, seed=seed), two[0]) for seed in (1, 4)]
        looked = []
        monkeypatch.setattr(
            "pictura.style.sources.encode_style", lambda *given: looked.append(given) or encode_style(*given)
        )
        for seed, picture in zip((1, 4), expected, strict=True):
            assert torch.equal(paint(draw(*SIZE, seed=seed), opened), picture)
        assert len(looked) == 1

    @pytest.mark.parametrize("weights", [(1, -1), (0, 0), (3, -1), (1, math.nan), (1, math.inf)])
    def test_weights_are_positive(self, paint, two, weights) -> None:
        with pytest.raises(PicturaError, match="must be 0 or more with a positive sum"):
            paint(style=two, style_weights=weights)

    def test_no_style(self, paint) -> None:
        with pytest.raises(PicturaError, match="no style"):
            paint(style=[])

    def test_a_style_without_a_layer_asked_for(self, paint, encoder, two) -> None:
        style = Style.of(two[:1], encoder, ("relu1_1", "relu2_1"), (32,), {"title": "Discs"})
        with pytest.raises(PicturaError, match=r"'Discs' has no layer relu3_1; it has relu1_1, relu2_1\."):
            paint(style=style)

    @pytest.mark.parametrize(("about", "title"), [({"title": "Discs"}, "Discs"), ({}, "untitled")])
    def test_a_style_of_another_encoder(self, paint, about: dict[str, str], title: str) -> None:
        with pytest.raises(PicturaError, match=f"'{title}' was encoded with other, but the encoder is tiny"):
            paint(style=Style("other", {}, about))


class TestTextures:
    @pytest.mark.parametrize("size", [(24, 50), (70, 18), (1, 1)])
    def test_the_size_is_the_one_asked_for(self, made, size) -> None:
        assert made(size).shape == (1, 3, *size)

    def test_the_style_loss_falls(self, made) -> None:
        said: list[Step] = []
        made((24, 50), callback=said.append, steps=(20,), tv_weight=0)
        assert set(said[0].losses) == {"style", "total"}
        assert said[-1].losses["style"] < 0.8 * said[0].losses["style"]

    def test_a_small_exemplar_for_a_large_picture(self, made, draw) -> None:
        # At the coarsest scale the exemplar is 3 pixels high, fewer than the encoder can read.
        assert made((20, 512), draw(12, 10), steps=(1, 0)).shape == (1, 3, 20, 512)

    def test_layers_by_the_encoders_other_names(self, made, monkeypatch, encoder) -> None:
        monkeypatch.setattr(encoder, "resolve", lambda layer: layer.replace("conv", "relu"))
        assert made((24, 50), style_layers={"conv1_1": 1.0}).isfinite().all()

    def test_the_kind_is_the_exemplars(self, made, draw) -> None:
        found = made((24, 50), as_bytes(draw(30, 30)))
        assert found.dtype == np.uint8 and found.shape == (24, 50, 3)

    @pytest.mark.parametrize("size", [(0, 10), (10, -1), (65536, 1), (1, 10**20)])
    def test_no_size(self, made, size) -> None:
        with pytest.raises(PicturaError, match="cannot be made"):
            made(size)
