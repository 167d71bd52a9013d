"""`pictura train`: from a folder of pictures to a bundle, with recipes, changes, signals and mistakes."""

import json
import os
import signal
from pathlib import Path

import pytest

import pictura.methods
from pictura import models
from pictura.methods import find_method, open_method
from pictura.training import recipes

from .conftest import done, draw, run

METHODS = Path(__file__).parents[1] / "training" / "methods"
SMALL = """
about = "the smallest there is"
[method]
width = 3
[train]
steps = 4
batch = 2
crop = 16
save_every = 2
show_every = 2
threads = 1
precision = "32-true"
[data]
mirror = false
"""


@pytest.fixture(autouse=True)
def photos(desk, monkeypatch):
    """A folder of four pictures, a recipe, and the test methods among the others."""
    monkeypatch.setattr(pictura.methods, "__path__", [*pictura.methods.__path__, str(METHODS)])
    (desk / "photos").mkdir()
    for seed in range(4):
        draw(f"photos/{seed}.png", seed)
    (desk / "small.toml").write_text(SMALL)
    return desk / "photos"


def train(*more, method="blur", recipe="small.toml"):
    return ("train", method, "photos", "-o", "out", "--recipe", recipe, *more)


def refused(*arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("pictura: error: ")
    assert not Path("out/bundle").exists()
    return result.stderr


def test_a_bundle_comes_out():
    result = done(*train())
    assert "4/4  blur 0." in result.stderr
    assert "images/s  0 s left" in result.stderr
    assert "the model is out/bundle" in result.stderr
    assert result.stdout == ""
    bundle = models.read_bundle("out/bundle")
    assert bundle.settings["width"] == 3
    assert open_method(bundle).settings.width == 3
    assert sorted(p.name for p in Path("out/samples").iterdir()) == ["step-00000002.png", "step-00000004.png"]


def test_changes_of_all_tables():
    done(*train("--set", "width=5", "--set", "train.seed=7", "--set", "batch=1", "--set", 'direction="BtoA"'))
    identity = json.loads(Path("out/settings.json").read_text())["identity"]
    assert identity["method settings"]["width"] == 5
    assert (identity["training"]["seed"], identity["training"]["batch"]) == (7, 1)
    assert identity["training"]["crop"] == 16


def test_json_tells_every_step():
    lines = [json.loads(line) for line in done(*train("--json", "--quiet")).stdout.splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert "blur" in lines[0]["losses"]
    assert [line["step"] for line in lines if "saved" in line] == [2, 4]
    assert Path(lines[3]["shown"]).is_file()


def test_resume():
    done(*train())
    assert "already contains a run; resume it with --resume" in run(*train()).stderr
    result = done(*train("--resume", "--set", "steps=6"))
    assert "resuming after step 4" in result.stderr
    assert "6/6" in result.stderr


def test_a_method_s_own_recipe(monkeypatch, desk):
    (desk / "shipped").mkdir()
    (desk / "shipped/blur.toml").write_text(SMALL.replace("width = 3", "width = 7"))
    monkeypatch.setattr(recipes, "RECIPES_FOLDER", desk / "shipped")
    done("train", "blur", "photos", "-o", "out", "-q")
    assert models.read_bundle("out/bundle").settings["width"] == 7


def test_shipped_recipes_are_valid():
    from pictura.data import data_settings
    from pictura.runtime.settings import validate_settings
    from pictura.training.settings import TrainSettings

    for name in recipes.recipe_names():
        recipe = recipes.read_recipe(name)
        validate_settings(find_method(name.partition("-")[0]).Settings, recipe["method"])
        validate_settings(TrainSettings, recipe["train"])
        data_settings(recipe["data"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("widht=3", "Unknown setting 'widht'. Did you mean 'width'?"),
        ("train.step=3", "Unknown setting 'step'. Did you mean 'steps'?"),
        ("method.rte=3", "Unknown setting 'rte'. Did you mean 'rate'?"),
        ("rate=fast", "Setting rate: Input should be a valid number"),
        ("batch=0", "Setting batch: Input should be greater than or equal to 1"),
        ("batch", "'batch' has no value; write KEY=VALUE, for example batch=8."),
        ("precision=16", "Setting precision: Input should be 'auto'"),
        ("device=tpu", "Setting device: Input should be 'auto'"),
    ],
)
def test_changes_that_do_not_do(change, words):
    assert words in refused(*train("--set", change))
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[method]\nwidth = ", "The recipe 'bad.toml' cannot be read"),
        ("[methods]\nwidth = 3", "has an unknown table 'methods'. Did you mean 'method'?"),
        ("method = 3", "'method' in 'bad.toml' must be a table: start it with [method]"),
        ("[method]\nwidht = 3", "Unknown setting 'widht'. Did you mean 'width'?"),
        ("[train]\nsave_evry = 3", "Unknown setting 'save_evry'. Did you mean 'save_every'?"),
        ("[data]\nmirorr = true", "Unknown data setting 'mirorr'. Did you mean 'mirror'?"),
    ],
)
def test_recipes_that_do_not_do(text, words):
    Path("bad.toml").write_text(text)
    assert words in refused(*train(recipe="bad.toml"))


def test_names_that_are_none():
    assert "There is no method 'blurr'" in refused(*train(method="blurr"))
    assert "There is no recipe 'smal.toml'" in refused(*train(recipe="smal.toml"))
    assert "nowhere" in refused("train", "blur", "nowhere", "-o", "out", "--recipe", "small.toml")


def test_broken_pictures_are_seen_before_the_first_step(photos):
    whole = (photos / "1.png").read_bytes()
    (photos / "1.png").write_bytes(whole[: len(whole) // 2])
    assert "1.png" in refused(*train())
    done(*train("--skip-bad"))


def test_two_tables_with_one_key():
    fields = {"method": ["a", "crop"], "train": ["crop"]}
    with pytest.raises(pictura.PicturaError, match=r"'crop' is a setting of method and of train: write method.crop"):
        recipes.apply_changes({"method": {}, "train": {}}, ["crop=3"], fields)
    nested = recipes.apply_changes({"method": {"layers": {"x": 1}}}, ["method.layers.y=2"], {"method": ["layers"]})
    assert nested == {"method": {"layers": {"x": 1, "y": 2}}}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_save_and_leave(number, code, monkeypatch):
    step, calls = find_method("blur").step, []

    def signalled(self, *arguments):
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), number)
        return step(self, *arguments)

    monkeypatch.setattr(find_method("blur"), "step", signalled)
    result = run(*train("--set", "steps=1000", "--set", "save_every=1000"))
    assert result.exit_code == code
    assert result.stderr.splitlines()[-1] == "stopped after step 3, the state is saved: continue with --resume"
    assert [path.name for path in Path("out/checkpoints").iterdir()] == ["step-00000003"]
    assert "4/4" in done(*train("--resume")).stderr


@pytest.fixture
def begun(photos):
    """A bundle that another training left, of a width and a rate that are no defaults."""
    done(*train("--set", "rate=0.02", "-q"))
    Path("out").rename("first")
    return "first/bundle"


def kept(folder="out"):
    """The settings of the method in a run, and the weights it ended with."""
    bundle = models.read_bundle(f"{folder}/bundle")
    return bundle.settings, bundle.tensors


def same(one, other):
    return one.keys() == other.keys() and all((tensor == other[name]).all() for name, tensor in one.items())


def test_a_start_with_a_bundle_has_its_weights_and_settings(begun):
    still = ("--set", "rate=1e-30", "--set", "steps=1", "-q")  # which moves nothing
    done(*train(*still))
    assert not same(kept()[1], kept("first")[1])
    done("train", "blur", "photos", "-o", "more", "--start", begun, *still, "--set", "crop=16", "--set", "threads=1")
    assert kept("more")[0] == {"width": 3, "rate": 1e-30}
    assert same(kept("more")[1], kept("first")[1])


def test_what_is_asked_for_stands_over_the_bundle_s_settings(begun, desk, monkeypatch):
    (desk / "shipped").mkdir()
    (desk / "shipped/blur.toml").write_text(SMALL.replace("width = 3", "width = 7\nrate = 0.9"))
    Path("mine.toml").write_text(SMALL.replace("width = 3", "rate = 0.5"))
    monkeypatch.setattr(recipes, "RECIPES_FOLDER", desk / "shipped")
    mine = ("--recipe", "mine.toml")
    for name, rate, asked in [
        ("own", 0.02, ()),  # the method's own recipe says nothing about the method then
        ("recipe", 0.5, mine),
        ("set", 0.25, (*mine, "--set", "rate=0.25")),
    ]:
        done("train", "blur", "photos", "-o", name, "--start", begun, "-q", *asked)
        assert kept(name)[0] == {"width": 3, "rate": rate}
        assert json.loads(Path(name, "settings.json").read_text())["train"]["steps"] == 4  # as its [train] says


def test_bundles_that_no_training_of_this_method_begins_with(begun):
    duel = find_method("duel")(find_method("duel").tiny())
    settings = duel.settings.model_dump(mode="json")
    models.save_bundle(models.Bundle.of("duel", settings, duel.networks()), Path("other"))
    said = refused(*train("--start", "other"))
    assert said == "pictura: error: 'other' is a duel model: a training of blur cannot start from it.\n"
    said = refused(*train("--start", begun, "--set", "width=5"))
    assert "has shape (3, 3, 3, 3) where its settings require (5, 3, 3, 3)" in said
    assert said.count("\n") == 1
    assert "nowhere" in refused(*train("--start", "nowhere"))
    assert not Path("out").exists()


def test_a_resume_of_such_a_training_goes_on_from_its_checkpoint(begun):
    done(*train("--start", begun, "-q"))
    Path("out").rename("whole")
    done(*train("--start", begun, "--set", "steps=2", "-q"))
    result = done(*train("--start", begun, "--resume"))
    assert "resuming after step 2" in result.stderr
    assert same(kept()[1], kept("whole")[1])
    assert not same(kept()[1], kept("first")[1])


def test_events_for_tensorboard():
    pytest.importorskip("tensorboardX", reason="the extra 'tensorboard' is not installed")
    done(*train("--set", "tensorboard=true", "-q"))
    assert len(list(Path("out").glob("events.out.tfevents.*"))) == 1


def test_labels_are_named_after_the_data(desk):
    for name, seed in (("cat", 0), ("dog", 1)):
        (desk / "pets" / name).mkdir(parents=True)
        draw(f"pets/{name}/1.png", seed)
    settings = ("layout=conv", "size=16", "width=2", "code=3", "steps=1", "batch=2", "crop=16", "threads=1")
    done("train", "cgan", "pets", "-o", "out", *(word for one in settings for word in ("--set", one)), "--quiet")
    assert open_method(models.read_bundle("out/bundle")).labels == ("cat", "dog")


@pytest.mark.parametrize("output", ["photos", "photos/run"])
def test_a_run_inside_its_own_data_is_refused(output):
    """Its samples would be data, and a resume would find other data than it began with."""
    before = sorted(Path("photos").rglob("*"))
    said = refused("train", "blur", "photos", "-o", output, "--recipe", "small.toml")
    assert "is inside the data folder 'photos'" in said
    assert sorted(Path("photos").rglob("*")) == before
