"""Every experiment has a plan, and those that train nothing go through with a few steps of small pictures."""

import json

import pytest
import torch
from PIL import Image

from pictura.experiments import EXPERIMENTS, TRAINING
from pictura.experiments.compare import compare_methods
from pictura.experiments.material import JUDGES, PAINTING, PHOTO, SHIPPED
from pictura.experiments.painting import draw_encoder
from pictura.experiments.run import Options, load_recipe, run_experiment
from pictura.experiments.training import NETWORKS
from pictura.metrics.superres import score
from pictura.picture import read
from pictura.picture.degrade import crop_to_scale, degrade, imresize
from pictura.runtime.errors import PicturaError

STYLES = [name for name in EXPERIMENTS if name not in (*TRAINING, "speed", "superres")]


def test_what_is_shipped_is_there():
    names = {path.name for path in SHIPPED.glob("*.jpg")}
    assert {PHOTO.name, PAINTING.name} <= names
    told = (SHIPPED / "SOURCES.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in told for name in names)
    assert "compact" in JUDGES and "compact" in NETWORKS


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("budget", ["small", "paper"])
def test_a_plan_has_pieces_of_different_names_and_recipes(name, budget, few):
    plan = load_recipe(name).plan(Options(budget))
    assert len({piece.name for piece in plan}) == len(plan) >= 2
    # Where two runs are the same one, it is computed once.
    recipes = {json.dumps(dict(piece.recipe), sort_keys=True) for piece in plan}
    assert len({piece.digest for piece in plan}) == len(recipes) >= len(plan) - 1


@pytest.mark.parametrize("name", ["optimizers", "layers", "reconstruct"])
def test_an_experiment_of_styles_from_plan_to_page(name, few, tmp_path):
    shares = []
    report = run_experiment(name, tmp_path / name, Options(), progress=lambda share, said: shares.append(share))
    assert shares[-1] == pytest.approx(1)
    kinds = [block["kind"] for block in report.as_json()["blocks"]]
    assert {"pictures", "table", "text"} <= set(kinds)
    assert report.answer
    assert "the network of the loss itself" in (tmp_path / name / "report.html").read_text(encoding="utf-8")
    words = " ".join(block["text"] for block in report.as_json()["blocks"] if block["kind"] == "text")
    assert "Published" in words and "differs here" in words


@pytest.mark.slow
@pytest.mark.parametrize("name", ["weights", "initialisation", "pooling", "encoders"])
def test_the_other_experiments_of_styles(name, few, tmp_path):
    assert run_experiment(name, tmp_path / name, Options()).answer


def test_drawn_encoders_are_the_same_every_time():
    one, two = (draw_encoder("resnet18", seed=3) for _ in range(2))
    picture = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    assert torch.equal(one(picture, ["layer1.1"])["layer1.1"], two(picture, ["layer1.1"])["layer1.1"])


def test_speed_beside_the_published_table(few, tmp_path, monkeypatch):
    monkeypatch.setattr("pictura.experiments.speed.SIZES", {"small": (48, 64)})
    report = run_experiment("speed", tmp_path / "speed", Options())
    published = report.as_json()["blocks"][0]
    assert published["theirs"]["rows"][1] == ["512²", 10.97, 32.91, 54.85, 0.05, "1,097×"]
    assert [row[0] for row in published["ours"]["rows"]] == ["48²", "64²"]
    assert all(row[3] == pytest.approx(5 * row[1]) for row in published["ours"]["rows"])


def test_superres_scores_by_the_literature(few, tmp_path, monkeypatch):
    monkeypatch.setattr("pictura.experiments.superres.SCALES", (4,))
    (tmp_path / "sets" / "Mine").mkdir(parents=True)
    with Image.open(PHOTO) as photo:
        photo.crop((60, 40, 127, 101)).save(tmp_path / "sets" / "Mine" / "crop.png")
    report = run_experiment("superres", tmp_path / "out", Options(data=tmp_path / "sets"))
    true = crop_to_scale(read(tmp_path / "sets" / "Mine" / "crop.png").tensor(), 4)
    expected = score(imresize(degrade(true, 4), true.shape[2:]), true, 4)
    ours = report.as_json()["blocks"][0]["ours"]
    assert ours["columns"] == ["method", "scale", "Mine"]
    assert ours["rows"][0] == ["bicubic", 4, f"{expected.psnr:.2f} / {expected.ssim:.4f}"]
    assert "upscale-x4" in [row[0] for row in ours["rows"]]
    theirs = {tuple(row[:2]): row[2] for row in report.as_json()["blocks"][0]["theirs"]["rows"]}
    assert theirs["bicubic", 4] == "28.42 / 0.8104"


def test_compare_judges_each_method(draw, monkeypatch):
    monkeypatch.setenv("PICTURA_WEIGHTS", "/nowhere")
    photo = draw(48, 64)
    found = compare_methods(photo, "starry-night", ["adain", "johnson", "adain"])
    assert [one.method for one in found.results] == ["adain", "johnson"]
    assert found.judge == "compact" and found.painting is None
    assert all(one.seconds > 0 and one.style > 0 and one.content > 0 for one in found.results)
    assert found.sheet().size[1] > 2 * 64
    painted = compare_methods(photo, PAINTING, ["adain"])
    assert painted.painting is not None
    with pytest.raises(PicturaError, match="no method 'adian'"):
        compare_methods(photo, "starry-night", ["adian"])
    with pytest.raises(PicturaError, match="Name the methods"):
        compare_methods(photo, "starry-night", [])
