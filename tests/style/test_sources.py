"""Where styles come from."""

from pathlib import Path

import pytest
import torch

from pictura.picture import Picture, read, write
from pictura.runtime.errors import PicturaError
from pictura.style import Style, StyleSource, encode_style, load_style, mix_styles, sources

LAYERS = ("relu1_1",)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder, draw) -> Path:
    """A bank of two styles, in an otherwise empty current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "STYLES_FOLDER", tmp_path / "bank")
    for seed, name in enumerate(("starry-night", "great-wave")):
        Style.of([draw(seed=seed)], encoder, LAYERS, (32,), {"title": name}).save(tmp_path / "bank" / f"{name}.style")
    return tmp_path


def test_names_in_alphabetical_order() -> None:
    assert sources.style_names() == ["great-wave", "starry-night"]


def test_shipped_by_name() -> None:
    opened = sources.open_style("great-wave")
    assert isinstance(opened, Style) and opened.about["title"] == "great-wave"


def test_misspelt_name() -> None:
    with pytest.raises(PicturaError, match=r"'stary-night' is neither .* Did you mean 'starry-night'\?"):
        sources.open_style("stary-night")


@pytest.mark.parametrize("name", ["wave.style", "WAVE.STYLE"])
def test_a_style_file(folder: Path, name: str) -> None:
    (folder / "bank" / "great-wave.style").rename(folder / name)
    opened = sources.open_style(folder / name)
    assert isinstance(opened, Style) and opened.about["title"] == "great-wave"


def test_a_picture_and_a_folder_of_pictures(folder: Path, draw) -> None:
    for name in ("b.png", "a.PNG", ".hidden.png"):
        write(Picture.of(draw(8, 9)), folder / "paintings" / name)
    (folder / "paintings" / "note.txt").write_text("not a picture", encoding="utf-8")
    one, two = sources.open_style("paintings/b.png"), sources.open_style("paintings")
    assert [p.shape for p in one] == [(1, 3, 8, 9)]
    assert [p.shape for p in two] == 2 * [(1, 3, 8, 9)]
    assert [p.name for p in sources.pictures_in(folder / "paintings")] == ["a.PNG", "b.png"]


def test_a_folder_without_pictures(folder: Path) -> None:
    with pytest.raises(PicturaError, match=r"bank' contains no pictures \("):
        sources.open_style(folder / "bank")


@pytest.mark.parametrize("name", ["missing.png", "some/where", "missing.style"])
def test_what_is_missing(name: str) -> None:
    with pytest.raises(PicturaError, match=name):
        sources.open_style(name)


def test_paintings_are_looked_at_once_for_each_size(encoder, draw, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    monkeypatch.setattr(sources, "encode_style", lambda *given: looked.append(given[3]) or encode_style(*given))
    paintings = sources.ImageStyle([draw(seed=1), draw(seed=2)], encoder, LAYERS)
    first = paintings.at(20)
    assert paintings.at(20.3) is first
    paintings.at(30)
    assert looked == [20, 20, 30, 30]
    mean = torch.stack([encode_style(draw(seed=seed), encoder, LAYERS, 20)["relu1_1"][0] for seed in (1, 2)]).mean(0)
    torch.testing.assert_close(first["relu1_1"][0], mean)


class TestLoadStyle:
    def test_every_kind_of_source_has_the_moments_of_its_image(self, folder: Path, encoder, draw) -> None:
        image = draw(8, 9)
        write(Picture.of(image), folder / "paintings" / "one.png")
        image = read(folder / "paintings" / "one.png").tensor()
        expected = encode_style(image, encoder, LAYERS, 8)
        sources_of_one = [
            "paintings/one.png",
            folder / "paintings",
            read(folder / "paintings" / "one.png"),
            image[0].permute(1, 2, 0).numpy(),
            image,
            [image],
            ["paintings/one.png", image],
            {"paintings/one.png": 2.0, folder / "paintings": 1},
            Style.of([image], encoder, LAYERS, (8,)),
            expected,
        ]
        for source in sources_of_one:
            style = load_style(source, encoder, LAYERS)
            assert isinstance(style, StyleSource)
            torch.testing.assert_close(style.at(8)["relu1_1"], expected["relu1_1"])

    def test_shipped_styles_mix_by_weight(self, encoder) -> None:
        night, wave = (
            load_style(name, encoder, LAYERS).at(32)["relu1_1"][0] for name in ("starry-night", "great-wave")
        )
        mixed = load_style({"starry-night": 3, "great-wave": 1}, encoder, LAYERS)
        torch.testing.assert_close(mixed.at(32)["relu1_1"][0], 0.75 * night + 0.25 * wave)
        assert list(mixed.images) == []

    def test_what_it_returned_is_used_again_without_encoding(self, encoder, draw, monkeypatch) -> None:
        styles = mix_styles([load_style(draw(seed=seed), encoder, LAYERS) for seed in (1, 2)])
        first = styles.at(20)
        monkeypatch.setattr(sources, "encode_style", lambda *_: pytest.fail("encoded again"))
        torch.testing.assert_close(load_style(styles, encoder, LAYERS).at(20)["relu1_1"], first["relu1_1"])

    def test_images_are_encoded_again_for_another_encoder_or_other_layers(self, encoder, draw) -> None:
        style = load_style(draw(), encoder, LAYERS)
        assert list(load_style(style, encoder, ("relu2_1",)).at(20)) == ["relu2_1"]
        assert [image.shape for image in style.images] == [draw().shape]

    def test_paintings_stay_in_the_range_of_sizes(self, encoder, draw) -> None:
        style = load_style(draw(60, 60), encoder, LAYERS, size_range=(20, 40))
        assert style.at(10) is style.at(20) and style.at(40) is style.at(1000)

    def test_noise_comes_from_the_generator(self, encoder, draw) -> None:
        def noisy(seed: int) -> torch.Tensor:
            generator = torch.Generator().manual_seed(seed)
            return load_style(draw(), encoder, LAYERS, noise=0.1, generator=generator).at(20)["relu1_1"][0]

        assert torch.equal(noisy(0), noisy(0)) and not torch.equal(noisy(0), noisy(1))
        with pytest.raises(ValueError, match=r"needs a torch\.Generator"):
            load_style(draw(), encoder, LAYERS, noise=0.1).at(20)

    def test_a_style_of_another_encoder(self, encoder) -> None:
        sentence = (
            r"'Discs' was encoded with other, but the encoder is tiny; give the painting itself or use the encoder"
        )
        with pytest.raises(PicturaError, match=sentence):
            load_style(Style("other", {}, {"title": "Discs"}), encoder, LAYERS)

    def test_a_style_without_a_layer(self, encoder) -> None:
        with pytest.raises(PicturaError, match=r"'great-wave' has no layer relu2_1; it has relu1_1\."):
            load_style("great-wave", encoder, ("relu1_1", "relu2_1"))

    @pytest.mark.parametrize("source", [[], {}])
    def test_nothing(self, encoder, source) -> None:
        with pytest.raises(PicturaError, match="There is no style"):
            load_style(source, encoder, LAYERS)

    def test_a_weight_for_each(self, encoder, draw) -> None:
        style = load_style(draw(), encoder, LAYERS)
        with pytest.raises(PicturaError, match="There are 2 styles but 1 style weights"):
            mix_styles([style, style], [1.0])


def test_a_saved_style_is_no_picture(folder: Path) -> None:
    assert sources.load_saved_style("great-wave").about["title"] == "great-wave"
    assert sources.load_saved_style(folder / "bank" / "great-wave.style").about["title"] == "great-wave"
    with pytest.raises(PicturaError, match=r"'x.png' is a picture: make a style of it first"):
        sources.load_saved_style("x.png")
