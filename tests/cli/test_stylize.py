import json
import signal
import subprocess
import sys
import time

import pytest

from pictura.methods.iterative.pixels import Pixels
from pictura.picture import read, read_settings

from .conftest import QUICK, done, draw, run, size_of


def test_one_picture():
    result = done("stylize", "photo.png", "--style", "paint.png", "-o", "new/out.png", *QUICK)
    assert size_of("new/out.png") == (32, 24)
    assert (read("new/out.png").pixels != read("photo.png").pixels).any()
    assert result.stdout == ""
    assert result.stderr.startswith("photo.png: new/out.png, 32×24, ")


def test_without_an_output_the_name_says_content_and_style(desk):
    (desk / "far").mkdir()
    draw("far/photo.png")
    done("stylize", "far/photo.png", "--style", "paint.png", *QUICK)
    assert size_of("photo_paint.png") == (32, 24)


def test_a_picture_without_the_scale_of_the_first_steps_takes_them_all_the_same(desk):
    done("stylize", "photo.png", "--style", "paint.png", "-o", "out.png", *QUICK, "--steps", "0,2", "--trace", "t.json")
    (picture,) = json.loads((desk / "t.json").read_text())["pictures"]
    assert len(picture["steps"]) == 2


def test_size():
    done("stylize", "photo.png", "--style", "paint.png", "-o", "out.png", "--size", "48", *QUICK)
    assert size_of("out.png") == (48, 36)


def test_a_content_of_one_pixel():
    draw("dot.png", size=(1, 1))
    done("stylize", "dot.png", "--style", "paint.png", "-o", "out.png", *QUICK)
    assert size_of("out.png") == (1, 1)


def test_styles_and_their_weights_change_the_picture():
    draw("other.png", 3)
    both = ("stylize", "photo.png", "--style", "paint.png", "--style", "other.png", *QUICK)
    done(*both, "--style-weight", "3", "--style-weight", "1", "-o", "a.png")
    done(*both, "--style-weight", "1", "--style-weight", "3", "-o", "b.png")
    assert read_settings("a.png")["style_weights"] == [3, 1]
    assert (read("a.png").pixels != read("b.png").pixels).any()


def test_options_are_the_settings():
    options = "--alpha 0.2 --beta 3 --tv-weight 0.5 --optimizer sgd --learning-rate 0.01 --init grey --seed 7"
    options += " --scale-factor 2 --averaging 0.5 --style-scale 2 --smoothing 0.2 --pooling average --padding zeros"
    options += " --loss gram --denoise 0.1 --margin 0.1 --steps 1,2 --style-layer relu2_1=1"
    options += " --content-layer relu1_1=1 --content-layer relu2_1=2"
    done("stylize", "photo.png", "--style", "paint.png", "-o", "out.png", "--preset", "fast", *options.split())
    expected = {"content_weight": 0.2, "style_weight": 3, "tv_weight": 0.5, "optimizer": "sgd", "learning_rate": 0.01}
    expected |= {"init": "grey", "seed": 7, "scale_factor": 2, "averaging": 0.5, "style_scale": 2, "denoise": 0.1}
    expected |= {"margin": 0.1}
    expected |= {"pooling": "average", "padding": "zeros", "loss": "gram", "steps": [1, 2], "preset": "fast"}
    expected |= {"content_layers": {"relu1_1": 1, "relu2_1": 2}, "style_layers": {"relu2_1": 1}}
    expected |= {"encoder": "compact", "dtype": "auto", "smoothing": 0.2, "init_noise": 0.1, "first_move": 0.01}
    assert read_settings("out.png")["settings"] == expected


def test_lbfgs_needs_no_other_option():
    done("stylize", "photo.png", "--style", "paint.png", "-o", "out.png", "--optimizer", "lbfgs", *QUICK)
    assert (read("out.png").pixels != read("photo.png").pixels).any()


def test_a_folder_is_mirrored_and_what_is_there_is_skipped(desk):
    (desk / "in/sub").mkdir(parents=True)
    draw("in/a.png")
    draw("in/sub/b.png")
    (desk / "out").mkdir()
    (desk / "out/a.png").write_text("finished earlier")
    again = ("stylize", "in", "--style", "paint.png", "-o", "out", *QUICK)
    assert "1 of 2 outputs exist already" in done(*again).stderr
    assert (desk / "out/a.png").read_text() == "finished earlier"
    assert size_of("out/sub/b.png") == (32, 24)
    done(*again, "--overwrite")
    assert size_of("out/a.png") == (32, 24)


def test_encoder_and_style_are_opened_once(monkeypatch):
    opened = []
    from pictura.style import sources
    from pictura.tasks import optimize

    load, open_style = optimize.load_encoder, sources.open_style
    monkeypatch.setattr(optimize, "load_encoder", lambda *a, **k: opened.append("encoder") or load(*a, **k))
    monkeypatch.setattr(sources, "open_style", lambda name: opened.append(name) or open_style(name))
    draw("b.png")
    done("stylize", "photo.png", "b.png", "--style", "paint.png", "-o", "out", *QUICK)
    assert sorted(opened) == ["encoder", "paint.png"]


def test_a_bad_file_among_many_is_named_and_passed_over(desk):
    (desk / "bad.png").write_text("text")
    result = run("stylize", "bad.png", "photo.png", "--style", "paint.png", "-o", "out", *QUICK)
    assert result.exit_code == 2
    assert "pictura: error: 'bad.png' is not a supported image" in result.stderr
    assert [p.name for p in (desk / "out").iterdir()] == ["photo.png"]


def test_json_lines_only_on_stdout():
    draw("b.png")
    result = done("stylize", "photo.png", "b.png", "--style", "paint.png", "-o", "out", "--json", "--quiet", *QUICK)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["output"] for line in lines] == ["out/photo.png", "out/b.png"]
    assert all((line["width"], line["height"], line["steps"]) == (32, 24, 2) for line in lines)
    assert result.stderr == ""


def test_the_bar_of_a_terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes any stream for a terminal then
    monkeypatch.setenv("COLUMNS", "120")
    command = ("stylize", "photo.png", "--style", "paint.png", "--overwrite", *QUICK)
    result = done(*command, "--json")
    assert json.loads(result.stdout)["output"] == "photo_paint.png"
    for part in ("2/2", "32×24", "style 0.", "content ", "tv ", " s left"):
        assert part in result.stderr
    assert done(*command, "--quiet").stderr == ""


def test_previews_and_trace(desk):
    traced = ("--steps", "5", "--every", "2", "--trace", "t.json")
    done("stylize", "photo.png", "--style", "paint.png", "-o", "out.png", *QUICK, *traced)
    assert sorted(p.name for p in desk.glob("out-*")) == ["out-step-0002.png", "out-step-0004.png"]
    assert size_of("out-step-0002.png") == (32, 24)
    (picture,) = json.loads((desk / "t.json").read_text())["pictures"]
    assert [step["step"] for step in picture["steps"]] == [1, 2, 3, 4, 5]
    assert picture["steps"][-1]["losses"]["total"] < picture["steps"][0]["losses"]["total"]


def _at_step(monkeypatch, number, act):
    """Do `act` instead of the optimiser's step of that number."""
    step, count = Pixels.step, iter(range(1, 1000))
    monkeypatch.setattr(Pixels, "step", lambda *a: act(*a) if next(count) == number else step(*a))


def test_interrupted_the_best_picture_is_written(monkeypatch, desk):
    def interrupt(*_):
        raise KeyboardInterrupt

    _at_step(monkeypatch, 3, interrupt)
    command = ("stylize", "photo.png", "--style", "paint.png", "-o", "out.png", "--trace", "t.json", *QUICK)
    result = run(*command, "--steps", "9")
    assert result.exit_code == 130
    assert result.stderr == "pictura: interrupted; 'out.png' holds the picture so far\n"
    assert size_of("out.png") == (32, 24)
    assert len(json.loads((desk / "t.json").read_text())["pictures"][0]["steps"]) == 2


def test_interrupted_among_several_only_finished_pictures_are_there(monkeypatch, desk):
    """A picture that is half painted would count as finished when the command goes on."""

    def interrupt(*_):
        raise KeyboardInterrupt

    draw("other.png", 3)
    command = ("stylize", "other.png", "photo.png", "--style", "paint.png", "-o", "out", *QUICK)
    with monkeypatch.context() as patch:
        _at_step(patch, 3, interrupt)
        result = run(*command)
    assert result.exit_code == 130
    assert result.stderr.endswith(
        "pictura: interrupted; finished pictures are kept; run the same command to continue\n"
    )
    assert [path.name for path in (desk / "out").iterdir()] == ["other.png"]
    assert "1 of 2 outputs exist already" in done(*command).stderr
    assert size_of("out/photo.png") == (32, 24)


def test_interrupted_before_the_work_nothing_is_written(monkeypatch, desk):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pictura.tasks.optimize.load_encoder", interrupt)
    result = run("stylize", "photo.png", "--style", "paint.png", "-o", "out.png", *QUICK)
    assert (result.exit_code, result.stderr) == (130, "pictura: interrupted\n")
    assert not (desk / "out.png").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_real_ctrl_c(desk):
    arguments = ("stylize", "photo.png", "--style", "paint.png", "-o", "out.png", "--every", "1", *QUICK)
    command = [sys.executable, "-m", "pictura", *arguments, "--steps", "100000", "--threads", "1"]

    def heed() -> None:  # a shell's background jobs are started deaf to it
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed) as process:
        while not (desk / "out-step-0002.png").exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told.startswith("pictura: interrupted")
    assert size_of("out.png") == (32, 24)


def test_a_loss_that_is_not_a_number_is_told_and_survived(monkeypatch):
    from pictura.methods.iterative import objective

    total_variation, count = objective.total_variation, iter(range(100))
    monkeypatch.setattr(
        objective, "total_variation", lambda x: total_variation(x) * (float("nan") if next(count) == 1 else 1)
    )
    result = done("stylize", "photo.png", "--style", "paint.png", "-o", "out.png", *QUICK, "--steps", "4")
    assert "photo.png: step 2: the loss was not a number" in result.stderr
    assert read("out.png").pixels.std() > 0.1
