import json

import numpy as np
import pytest
import torch
from PIL import Image

import pictura
from pictura import models
from pictura.methods.srcnn import Srcnn
from pictura.methods.superres import Superres, SuperresSettings
from pictura.picture import Picture, read, read_settings, write
from pictura.picture.resize import resize
from pictura.runtime.errors import PicturaError

from .conftest import done, draw, refused, run, size_of


@pytest.fixture(autouse=True)
def model(desk):
    """A network of ×4 that makes everything darker, as the folder 'dark'."""
    method = Superres(SuperresSettings(channels=2, blocks=1))
    torch.nn.init.constant_(method.upscaler.tail.bias, -0.1)
    bundle = models.Bundle.of("superres", method.settings.model_dump(mode="json"), method.networks(), {"step": 7})
    return models.save_bundle(bundle, desk / "dark")


def test_one_picture():
    result = done("upscale", "photo.png", "--model", "dark")
    assert size_of("photo_x4.png") == (128, 96)
    assert result.stdout == ""
    assert result.stderr.startswith("photo.png: photo_x4.png, 128×96, ")
    told = read_settings("photo_x4.png")
    assert told["upscale"] == {"scale": 4, "model": "dark", "method": "superres", "step": 7}
    bright = read("photo.png").pixels.mean()
    assert bright - 0.11 < read("photo_x4.png").pixels.mean() < bright - 0.05


def test_bicubic():
    done("upscale", "photo.png", "-o", "out.png", "--scale", "3", "--model", "bicubic")
    expected = (resize(read("photo.png").tensor(), (72, 96)) * 255).round() / 255
    assert torch.allclose(read("out.png").tensor(), expected, atol=1e-6)


def test_less_than_the_model_does_is_reduced():
    done("upscale", "photo.png", "-o", "out.png", "--scale", "2", "--model", "dark")
    assert size_of("out.png") == (64, 48)
    assert read("out.png").pixels.mean() < read("photo.png").pixels.mean() - 0.05


def test_alpha_grey_and_16_bits_stay():
    grey = np.random.default_rng(0).integers(0, 65536, (5, 7), np.uint16)
    alpha = np.linspace(0, 1, 35, dtype=np.float32).reshape(5, 7)
    source = Picture.of(grey)
    write(Picture(source.pixels, alpha, source.depth, source.grey), "in.png")
    done("upscale", "in.png", "-o", "out.png", "--model", "dark")
    made = read("out.png")
    assert (made.depth, made.grey, made.size) == (16, True, (20, 28))
    assert made.alpha is not None
    assert np.abs(made.alpha - Picture(source.pixels, alpha).with_pixels(made.pixels).alpha).max() < 1e-4


def test_a_folder_is_mirrored_and_what_is_there_is_skipped(desk):
    (desk / "in/sub").mkdir(parents=True)
    draw("in/a.png", size=(1, 1))
    draw("in/sub/b.png", size=(2, 3))
    done("upscale", "in", "-o", "out", "--model", "dark")
    assert (size_of("out/a.png"), size_of("out/sub/b.png")) == ((4, 4), (12, 8))
    (desk / "out/a.png").write_text("finished earlier")
    assert "2 of 2 outputs exist already" in done("upscale", "in", "-o", "out", "--model", "dark").stderr
    assert (desk / "out/a.png").read_text() == "finished earlier"
    done("upscale", "in", "-o", "out", "--model", "dark", "--overwrite")
    assert size_of("out/a.png") == (4, 4)


def test_a_bad_file_among_many_is_named_and_passed_over(desk):
    (desk / "bad.png").write_text("text")
    result = run("upscale", "bad.png", "photo.png", "-o", "out", "--model", "dark")
    assert result.exit_code == 2
    assert "pictura: error: 'bad.png' is not a supported image" in result.stderr
    assert [p.name for p in (desk / "out").iterdir()] == ["photo.png"]


def test_json_lines_only_on_stdout():
    result = done("upscale", "photo.png", "paint.png", "-o", "out", "--model", "dark", "--json", "--quiet")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["output"] for line in lines] == ["out/photo.png", "out/paint.png"]
    assert all((line["width"], line["height"]) == (128, 96) for line in lines)
    assert result.stderr == ""


def test_mistakes(desk):
    assert "does not exist" in refused("upscale", "foto.png", "--model", "dark")
    assert "enlarges 4 times, not 8" in refused("upscale", "photo.png", "--scale", "8", "--model", "dark")
    assert "'nowhere'" in refused("upscale", "photo.png", "--model", "nowhere")
    draw("photo_x4.png")
    assert "exists already" in refused("upscale", "photo.png", "--model", "dark")
    assert "is not overwritten" in refused("upscale", "photo.png", "-o", "photo.png", "--overwrite", "--model", "dark")


def test_memory(desk):
    method = Superres(SuperresSettings(variant="paper", scale=8))
    bundle = models.Bundle.of("superres", method.settings.model_dump(mode="json"), method.networks())
    models.save_bundle(bundle, desk / "large")
    draw("other.png", size=(40, 40))
    said = run("upscale", "other.png", "--scale", "8", "--model", "large", "--memory", "16")
    assert said.exit_code == 2
    too_little = "pictura: error: 16 MiB of memory is too little for this network; it needs at least 108 MiB"
    assert said.stderr.startswith(too_little)
    assert not (desk / "other_x8.png").exists()
    done("upscale", "other.png", "-o", "whole.png", "--model", "dark")
    done("upscale", "other.png", "-o", "tiled.png", "--model", "dark", "--memory", "16")
    assert (read("whole.png").samples == read("tiled.png").samples).all()


def test_without_a_model_the_first_shipped_one_that_enlarges_enough(monkeypatch):
    monkeypatch.setattr("pictura.tasks.enlarge.DEFAULT_MODELS", {1: "small", 4: "dark", 8: "none"})
    done("upscale", "photo.png", "-o", "out.png", "--scale", "2")
    assert read_settings("out.png")["upscale"]["model"] == "dark"


def test_a_model_that_does_not_enlarge(desk, monkeypatch):
    monkeypatch.setattr("pictura.tasks.enlarge.open_method", lambda bundle: type("M", (), {"settings": None}))
    assert "does not enlarge" in refused("upscale", "photo.png", "--model", "dark")


def test_srcnn_answers_too(desk):
    method = Srcnn(Srcnn.tiny())
    bundle = models.Bundle.of("srcnn", method.settings.model_dump(mode="json"), method.networks())
    models.save_bundle(bundle, desk / "baseline")
    done("upscale", "photo.png", "-o", "out.png", "--model", "baseline")
    assert size_of("out.png") == (128, 96)


def test_from_python_each_kind_comes_back():
    photo = Image.open("photo.png")
    array = np.asarray(photo)
    tensor = torch.rand(3, 5, 6)
    assert pictura.upscale(photo, model="dark").size == (128, 96)
    assert pictura.upscale(array, 2, model="bicubic").shape == (48, 64, 3)
    assert pictura.upscale(array[..., 0] / 255, model="dark").shape == (96, 128, 3)
    assert pictura.upscale(tensor, model="dark").shape == (3, 20, 24)
    assert pictura.upscale("photo.png", model="dark").size == (96, 128)
    for scale in (0, 9):
        with pytest.raises(PicturaError, match=f"between 1 and 8, got {scale}"):
            pictura.upscale(photo, scale, model="bicubic")
