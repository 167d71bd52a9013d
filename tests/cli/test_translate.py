import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import pictura
from pictura.methods.one_sided import OneSided
from pictura.picture import Picture, read, read_settings, write
from pictura.picture.icc import gamma_profile
from pictura.picture.notes import Notes
from pictura.tasks.load import save_pretrained
from pictura.tasks.translate import find_direction, open_translator
from pictura.training.method import Method

from .conftest import done, draw, refused, run, size_of

LABELS = {"wall": [0, 0, 223], "window": [0, 128, 255], "door": [255, 0, 0]}
METHODS = Path(__file__).parents[1] / "training" / "methods"
COLOURS = np.array(list(LABELS.values()), np.uint8)


def painter() -> Method:
    torch.manual_seed(0)
    method = OneSided(OneSided.tiny())
    for parameter in method.network.last.parameters():
        nn.init.normal_(parameter, std=0.3)
    return method


@pytest.fixture(autouse=True)
def model(desk, monkeypatch):
    """A network that changes every picture, as the folder 'monet'."""
    # A critic is built and not used, and its norms take a second where a stranger's settings are tried first.
    monkeypatch.setattr("pictura.networks.critics.spectral_norm", lambda layer: layer)
    return save_pretrained(painter(), desk / "monet", about={"step": 7})


@pytest.fixture
def seasons(desk, monkeypatch):
    """A model of two directions, which make a picture darker and lighter, as the folder 'seasons'."""
    monkeypatch.setattr("pictura.methods.__path__", [*pictura.methods.__path__, str(METHODS)])
    from pictura.methods import find_method

    kind = find_method("like_cyclegan")
    torch.manual_seed(0)
    method = kind(kind.tiny())
    for network, light in ((method.G_A, -4.0), (method.G_B, 4.0)):
        nn.init.constant_(network[2].bias, light)
    return save_pretrained(method, desk / "seasons", about={"domains": ["summer", "winter"]})


def test_one_picture(desk):
    result = done("translate", "photo.png", "--model", "monet")
    assert size_of("photo_monet.png") == (32, 24)
    assert result.stdout == ""
    assert result.stderr.startswith("photo.png: photo_monet.png, 32×24, ")
    told = read_settings("photo_monet.png")["translate"]
    assert told == {
        "model": "monet", "method": "one_sided", "step": 7, "direction": "A2B", "strength": 1.0, "seed": 0
    }  # fmt: skip
    moved = np.abs(read("photo_monet.png").pixels - read("photo.png").pixels).mean()
    assert moved > 0.02


def test_any_size_stays():
    sizes = [(333, 517), (1, 1), (3, 2000), (257, 2)]
    Path("in").mkdir()
    for height, width in sizes:
        draw(f"in/{height}.png", size=(height, width))
    done("translate", "in", "-o", "out", "--model", "monet")
    assert [size_of(f"out/{height}.png") for height, _ in sizes] == [size[::-1] for size in sizes]


def test_strength_and_seed():
    model = pictura.load("monet")
    photo, made = read("photo.png").samples.astype(float), {}
    for strength, seed in ((0, 0), (0.5, 0), (1, 0), (1, 1)):
        made[strength, seed] = model.translate("photo.png", strength=strength, seed=seed).samples.astype(float)
    assert np.array_equal(made[0, 0], photo)
    assert not np.array_equal(made[1, 0], made[1, 1])
    assert 0.2 < np.abs(made[0.5, 0] - photo).mean() / np.abs(made[1, 0] - photo).mean() < 0.8
    done("translate", "photo.png", "-o", "out.png", "--model", "monet", "--strength", "0.5", "--seed", "0")
    assert np.array_equal(read("out.png").samples, made[0.5, 0])


def test_a_wide_space_is_exact_at_strength_0(desk):
    given = np.asarray(Image.open("photo.png"))
    Image.fromarray(given).save("wide.png", icc_profile=gamma_profile(0.7, grey=False))
    done("translate", "wide.png", "-o", "out.png", "--model", "monet", "--strength", "0")
    with Image.open("out.png") as image:
        assert np.array_equal(np.asarray(image), given)
        assert image.info["icc_profile"] == gamma_profile(0.7, grey=False)


def test_alpha_16_bits_and_notes_stay():
    deep = np.random.default_rng(0).integers(0, 65536, (15, 17, 3), np.uint16)
    alpha = np.linspace(0, 1, 15 * 17, dtype=np.float32).reshape(15, 17)
    source = Picture.of(deep)
    write(Picture(source.pixels, alpha, source.depth, notes=Notes(resolution=(300.0, 300.0))), "in.png")
    done("translate", "in.png", "-o", "out.png", "--model", "monet")
    made = read("out.png")
    assert (made.depth, made.size) == (16, (15, 17))
    assert made.notes.resolution == pytest.approx((300, 300), abs=0.1)
    assert np.array_equal(made.alpha, read("in.png").alpha)


def test_a_folder_with_bad_files(desk):
    (desk / "in/sub").mkdir(parents=True)
    draw("in/a.png", size=(9, 8))
    draw("in/sub/b.png", size=(2, 3))
    (desk / "in/bad.png").write_text("text")
    result = run("translate", "in", "-o", "out", "--model", "monet", "--json", "--quiet")
    assert result.exit_code == 2
    assert [json.loads(line)["output"] for line in result.stdout.splitlines()] == ["out/a.png", "out/sub/b.png"]
    assert result.stderr.startswith("pictura: error: 'in/bad.png' is not a supported image")
    assert (size_of("out/a.png"), size_of("out/sub/b.png")) == ((8, 9), (3, 2))
    (desk / "in/bad.png").unlink()
    assert "2 of 2 outputs exist already" in done("translate", "in", "-o", "out", "--model", "monet").stderr


def test_memory():
    draw("large.png", size=(300, 400))
    done("translate", "large.png", "-o", "whole.png", "--model", "monet")
    done("translate", "large.png", "-o", "tiled.png", "--model", "monet", "--memory", "16")
    whole, tiled = (read(f"{name}.png").samples.astype(int) for name in ("whole", "tiled"))
    assert np.abs(whole - tiled).max() <= 1


@pytest.mark.parametrize("word", ["B2A", "b2a", "BtoA", "B->A", "a", "winter2summer", "Winter to Summer", "summer"])
def test_directions_and_their_spellings(word, seasons):
    done("translate", "photo.png", "-o", "there.png", "--model", "seasons")
    done("translate", "photo.png", "-o", "back.png", "--model", "seasons", "--direction", word)
    assert read("there.png").pixels.mean() < 0.2 and read("back.png").pixels.mean() > 0.8
    assert read_settings("back.png")["translate"]["direction"] == "B2A"


def test_names_of_outputs(desk, seasons):
    from pictura.cli.commands.translate import model_word

    done("translate", "photo.png", "--model", "seasons", "--direction", "B2A")
    assert size_of("photo_seasons_B2A.png") == (32, 24)
    assert model_word("photo2monet", None) == "photo2monet"
    assert model_word("owner/name.v2@" + "0" * 40, None) == "name.v2"
    assert model_word("models/mine.safetensors", "B->A") == "mine_BA"
    for path in ("runs/mine/bundle", "runs/mine/bundle/model.safetensors", "runs/mine/model.safetensors"):
        assert model_word(path, None) == "mine"


def test_a_model_s_name_names_its_domains() -> None:
    assert find_direction("runs/summer2winter", "Summer", ("A2B", "B2A")) == "B2A"
    assert find_direction("labels2facade", "facade", ("A2B",)) == "A2B"
    assert find_direction("map2", "b", ("A2B",)) == "A2B"


def test_mistakes(desk, seasons):
    assert "does not exist" in refused("translate", "foto.png", "--model", "monet")
    assert "Model 'nowhere' not found" in refused("translate", "photo.png", "--model", "nowhere")
    known = "has no direction 'up', only A2B (summer to winter) and B2A (winter to summer)"
    assert known in refused("translate", "photo.png", "--model", "seasons", "--direction", "up")
    assert "only A2B (A to B): name" in refused("translate", "photo.png", "--model", "monet", "--direction", "B2A")
    for strength in ("-1", "2.5", "nan", "much"):
        assert "strength" in refused("translate", "photo.png", "--model", "monet", "--strength", strength)
    assert "--seed" in refused("translate", "photo.png", "--model", "monet", "--seed", "-1")
    assert "has no option 'strength'" in refused("translate", "photo.png", "--model", "seasons", "--strength", "0.5")
    draw("photo_monet.png")
    assert "exists already" in refused("translate", "photo.png", "--model", "monet")
    same = ("-o", "photo.png", "--overwrite", "--model", "monet")
    assert "is not overwritten" in refused("translate", "photo.png", *same)


@pytest.mark.parametrize(("model", "words"), [("adain", "it can stylize: use `pictura stylize`"),
                                              ("upscale-x4", "it can enlarge: use `pictura upscale`")])  # fmt: skip
def test_a_model_that_does_something_else(model, words):
    said = refused("translate", "photo.png", "--model", model)
    assert said.startswith(f"The model '{model}' does not translate pictures") and words in said


def test_without_a_model_the_shipped_ones_are_listed(monkeypatch):
    assert refused("translate", "photo.png").startswith("Say with --model what translates: ")
    monkeypatch.setattr("pictura.tasks.translate.translating_models", lambda: ["photo2monet", "day2night"])
    assert "photo2monet, day2night, or the folder" in refused("translate", "photo.png")


def test_those_that_translate_are_known(monkeypatch):
    from pictura.models.store import read_registry
    from pictura.tasks.translate import translating_models

    ours = {"photo2monet": read_registry()["adain"] | {"method": "one_sided"}}
    monkeypatch.setattr("pictura.models.store.read_registry", lambda: read_registry() | ours)
    assert "photo2monet" in translating_models() and "adain" not in translating_models()


class TestLabelMaps:
    NUMBERS = np.random.default_rng(0).integers(0, 3, (21, 30), np.uint8)

    @pytest.fixture(autouse=True)
    def model(self, desk):
        save_pretrained(painter(), desk / "houses", about={"labels": {"A": LABELS}})
        Image.fromarray(self.NUMBERS).save("grey.png")
        Image.fromarray(COLOURS[self.NUMBERS]).save("rgb.png")
        indexed = Image.fromarray(self.NUMBERS, "P")
        indexed.putpalette(bytes(range(9)))  # none of the model's colours: the numbers count
        indexed.save("indexed.png")
        return "houses"

    def test_by_number_or_colour(self):
        done("translate", "grey.png", "rgb.png", "indexed.png", "-o", "out", "--model", "houses")
        made = [read(f"out/{name}.png").samples for name in ("grey", "rgb", "indexed")]
        assert np.array_equal(made[0], made[1]) and np.array_equal(made[0], made[2])
        model = pictura.load("houses")
        assert np.array_equal(model.translate("indexed.png").samples, made[0])
        for source in (self.NUMBERS, COLOURS[self.NUMBERS], Image.open("indexed.png")):
            assert np.array_equal(np.asarray(model.translate(source)), made[0])

    def test_other_colours(self):
        rgb = COLOURS[self.NUMBERS].copy()
        rgb[0, :4] = (250, 5, 5)
        Image.fromarray(rgb).save("odd.png")
        said = refused("translate", "odd.png", "--model", "houses")
        assert "'odd.png' has 4 pixels of #fa0505, which is no class" in said and "'door' #ff0000" in said
        done("translate", "odd.png", "-o", "out.png", "--model", "houses", "--nearest-class", "--strength", "0")
        assert np.array_equal(read("out.png").samples[0, :4], COLOURS[[2] * 4])

    def test_too_many_classes(self):
        Image.fromarray(self.NUMBERS + 2).save("many.png")
        assert "numbers up to 4, and the model knows 3" in refused("translate", "many.png", "--model", "houses")

    def test_the_other_side_takes_pictures(self, desk):
        save_pretrained(painter(), desk / "masks", about={"labels": {"B": LABELS}})
        done("translate", "photo.png", "--model", "masks")
        assert "takes no label maps" in refused("translate", "paint.png", "--model", "masks", "--nearest-class")

    def test_damaged_labels(self, desk):
        for number, labels in enumerate(([1], {"A": {"a": [1]}}, {"A": 5})):
            save_pretrained(painter(), desk / f"odd{number}", about={"labels": labels})
            assert "labels of the model" in refused("translate", "rgb.png", "--model", f"odd{number}")


def test_from_python_each_kind_comes_back(seasons):
    photo, monet = Image.open("photo.png"), open_translator("monet")
    array, tensor = np.asarray(photo), torch.rand(3, 5, 6)
    assert pictura.translate(photo, model="monet").size == (32, 24)
    made = pictura.translate(array, monet)
    assert (made.shape, made.dtype) == ((24, 32, 3), np.uint8)
    assert pictura.translate(array[..., 0] / 255, monet).shape == (24, 32, 3)
    assert pictura.translate(tensor, monet).shape == (3, 5, 6)
    assert torch.equal(pictura.translate(tensor, open_translator("monet", strength=0)), tensor)
    assert pictura.translate(photo.convert("RGBA"), monet).mode == "RGBA"
    model = pictura.load("seasons")
    assert (model.can, model.directions, model.styles) == (("translate",), ("A2B", "B2A"), ())
    assert model.translate("photo.png", direction="summer").pixels.mean() > 0.8
    with pytest.raises(pictura.PicturaError, match="cannot translate; it can stylize"):
        pictura.load("adain").translate(photo)
    with pytest.raises(pictura.PicturaError, match="strength must be between 0"):
        model.translate(photo, strength=-1)
