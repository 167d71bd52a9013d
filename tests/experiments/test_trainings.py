"""The experiments that train: what they need, what they train, how it is judged; on made pictures."""

import numpy as np
import pytest
from PIL import Image

from pictura.experiments import TRAINING, ageing, gatys_cyclegan, generators, objectives, patches, unpaired
from pictura.experiments.run import Options, load_recipe, run_experiment
from pictura.experiments.translating import Job, Judge, Row, all_of, build_method, train_row
from pictura.methods import find_method
from pictura.runtime.errors import PicturaError

TINY = Row("pix2pix", {"generator": "resnet_6", "critic": "patch34", "generator_width": 2, "critic_width": 4})


def test_a_training_goes_on_with_the_steps_it_began_with(pairs, tmp_path):
    job = Job(pairs, side=64, limit=2)
    folder = tmp_path / "run"

    class Enough(Exception):  # noqa: N818
        pass

    def stop(share, said):
        if share > 0.5:
            raise Enough

    with pytest.raises(Enough):
        train_row(TINY, job, epochs=1, folder=folder, tell=stop)
    heard = []
    _, steps = train_row(TINY, job, epochs=5, folder=folder, tell=lambda share, said: heard.append(share))
    assert steps == 6
    assert heard[0] > 0.4 and heard[-1] == 1
    assert not (folder / "run").exists()


def test_a_training_in_minutes_takes_steps_by_their_time(pairs):
    _, steps = train_row(TINY, Job(pairs, side=64), minutes=0.001)
    assert steps >= 4


def test_the_judge_of_translations(pairs, encoder):
    job, judge = Job(pairs, side=64), Judge(encoder)
    true = judge.pictures(job, "paired")["test"]["B"]
    assert judge.segmentation(true, job)["class IoU"] == 1
    assert set(judge.distances(true, job, "paired")) == {"distance", "share"}
    assert Judge(None).distances(true, job, "paired") == {}


def test_unpaired_sides_are_read_in_their_order(pairs):
    (pairs / "trainB" / "5.png").unlink()
    for direction, counts in (("AtoB", {"A": 6, "B": 5}), ("BtoA", {"A": 5, "B": 6})):
        found = all_of(Job(pairs, direction, side=64), "unpaired", "train")
        assert {side: len(some) for side, some in found.items()} == counts
        assert len({one.sum().item() for one in found["B"]}) == counts["B"]  # no picture twice
    assert {side: len(some) for side, some in all_of(Job(pairs, limit=2), "unpaired", "train").items()} == {
        "A": 2,
        "B": 2,
    }


@pytest.mark.slow
def test_objectives_from_pairs_to_page(pairs, few, tmp_path, monkeypatch):
    monkeypatch.setattr("pictura.experiments.objectives.row", lambda options, **changes: Row(
        "pix2pix", {**TINY.settings, **changes}))  # fmt: skip
    report = run_experiment("objectives", tmp_path / "out", Options(data=pairs, minutes=0.001))
    published = [block for block in report.as_json()["blocks"] if block["kind"] == "published"]
    assert len(published) == 2
    assert published[0]["theirs"]["rows"][0] == ["L1", 0.86, 0.42, 0.35]
    assert [row[0] for row in published[1]["ours"]["rows"]] == ["L1", "GAN", "cGAN", "L1+GAN", "L1+cGAN"]
    assert "'pairs' instead of Cityscapes" in published[0]["differs"]


@pytest.mark.parametrize("name", TRAINING)
def test_what_trains_says_what_it_needs(name, tmp_path):
    recipe = load_recipe(name)
    with pytest.raises(
        PicturaError, match=rf"^The experiment {name} trains and needs pictures: give --data FOLDER with"
    ):
        recipe.plan(Options())
    with pytest.raises(PicturaError, match="is not a folder"):
        recipe.plan(Options(data=tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(PicturaError):
        recipe.plan(Options(data=tmp_path / "empty"))


def tiny(method, **changes):
    """A row with the settings of the method's tests."""
    return Row(method, find_method(method).tiny().model_dump() | changes, side=64)


@pytest.mark.parametrize("budget", ["small", pytest.param("paper", marks=pytest.mark.slow)])
def test_every_row_fits_its_crops(budget):
    options = Options(budget)
    rows = [objectives.row(options, objective=name) for name in objectives.OBJECTIVES]
    rows += [objectives.row(options, critic=critic) for critic in patches.PATCHES[budget].values()]
    rows += [*generators._rows(options).values(), *unpaired._rows(options).values()]
    rows += gatys_cyclegan._rows(options).values()
    for row in rows:
        build_method(row).check_crop(row.side or {"small": 128, "paper": 256}[budget])


@pytest.mark.slow
def test_unpaired_with_the_upper_bound(pairs, few, tmp_path, monkeypatch):
    rows = {name: tiny(row.method) for name, row in unpaired._rows(Options()).items()}
    monkeypatch.setattr(unpaired, "_rows", lambda options: rows)
    report = run_experiment("unpaired", tmp_path / "out", Options(data=pairs, minutes=0.0005))
    ours = [b["ours"] for b in report.as_json()["blocks"] if b["kind"] == "published"]
    assert [[row[0] for row in table["rows"]] for table in ours] == [list(rows)] * 2


@pytest.mark.slow
def test_patches_and_generators(pairs, few, tmp_path, monkeypatch):
    monkeypatch.setattr(patches, "row", lambda options, critic: tiny("pix2pix", critic=critic))
    monkeypatch.setattr(patches, "PATCHES", {"small": {"1×1": "pixel", "16×16": "patch16"}})
    assert run_experiment("patches", tmp_path / "patches", Options(data=pairs, minutes=0.0005)).blocks
    monkeypatch.setattr(generators, "_rows", lambda options: {"ResNet, L1": tiny("pix2pix", objective="L1")})
    assert run_experiment("generators", tmp_path / "generators", Options(data=pairs, minutes=0.0005)).blocks


@pytest.mark.slow
def test_gatys_beside_what_is_trained(pairs, few, tmp_path, monkeypatch):
    (pairs / "trainA" / "5.png").unlink()  # no pairs any more
    monkeypatch.setattr(gatys_cyclegan, "_rows", lambda options: {"CycleGAN": tiny("cyclegan")})
    monkeypatch.setattr(gatys_cyclegan, "PLAIN", gatys_cyclegan.PLAIN.with_changes(steps=(1,)))
    monkeypatch.setattr("pictura.experiments.training.SIDES", {"small": 64})
    report = run_experiment("gatys-cyclegan", tmp_path / "out", Options(data=pairs, minutes=0.0005))
    table = next(block for block in report.as_json()["blocks"] if block["kind"] == "table")
    assert [row[0] for row in table["rows"]] == [*gatys_cyclegan.GATYS, "CycleGAN"]


@pytest.mark.slow
def test_ageing_of_drawn_faces(draw_face, few, tmp_path, monkeypatch):
    folder = tmp_path / "faces"
    folder.mkdir()
    for i, age in enumerate((3, 20, 40, 70)):
        pixels = (draw_face(64)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{age}_0_{i}.png")
    monkeypatch.setattr(ageing, "BATCH", {"small": 2})
    monkeypatch.setattr(ageing, "SIDES", {"small": 32})
    report = run_experiment("ageing", tmp_path / "out", Options(data=folder, minutes=0.0005))
    table = next(block for block in report.as_json()["blocks"] if block["kind"] == "table")
    assert [row[0] for row in table["rows"]] == list(ageing.ROWS)
    assert sum(block["kind"] == "pictures" for block in report.as_json()["blocks"]) == ageing.SHOWN
