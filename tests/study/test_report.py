"""A study from the command line: made, answered, reported; and figures that can be counted by hand."""

import csv
import json
from xml.etree import ElementTree

import pytest
from tests.study.made import Rater, make_folder, make_one, open_app, open_client
from typer.testing import CliRunner

from pictura.cli.app import app
from pictura.runtime.errors import PicturaError
from pictura.study.plan import read_study
from pictura.study.report import collect_answers, make_report
from pictura.study.trials import plan_session, right_answer


def rows_of(study, number, choose, **more):
    """What the database would have of rater `number`, who answers `choose(trial)`."""
    base = {"rater": f"r{number}", "number": number, "response_ms": 5.0, "exposure_ms": 1000.0, "second_ms": 1000.0}
    base |= {"views": 1, "scale": 1.0, "ratio": 1.0, "given": "now"} | more
    return [base | {"position": k, "answer": choose(trial)} for k, trial in enumerate(plan_session(study, number))]


def report_of(study, rows, **more):
    return make_report(study, collect_answers(study, rows), draws=500, **more)


def wrong(study, trial):
    return "left" if right_answer(study, trial) == "right" else "right"


def test_fool_rates_exclusions_and_marks(tmp_path):
    broken = make_folder(tmp_path / "broken", "xyz", size=(2, 2), shade=1)
    _, study = make_one(tmp_path, items=9, trials=4, size=(2, 2), broken=broken)
    by_a = [number for number in range(20) if plan_session(study, number) and _algorithm(study, number) == "a"]
    by_b = [number for number in range(20) if number not in by_a]
    rows = []
    for number in by_a[:3]:  # always right: nobody is fooled by a
        rows += rows_of(study, number, lambda t: right_answer(study, t))
    for number in by_b[:3]:  # fooled by every picture of b, but not by broken ones
        rows += rows_of(study, number, lambda t: (wrong if t.role == "scored" else right_answer)(study, t))
    rows += rows_of(study, by_a[3], lambda t: wrong(study, t))  # does not look
    rows += rows_of(study, by_a[4], lambda t: "left")[:5]  # leaves
    rows[4]["exposure_ms"] = 1051.0
    found = report_of(study, rows)
    assert [(f.name, f.estimate.mean, f.deviation, f.raters, f.answers) for f in found.figures] == [
        ("a", 0, 0, 3, 12),
        ("b", 1, 0, 3, 12),
    ]
    assert found.above == {("a", "b"): 0}
    assert (found.raters, found.unfinished, found.inattentive) == (6, 1, 1)
    assert found.everyone[0].estimate.mean == 4 / 16
    assert found.accuracy == [0, 0, 0, 1, 1, 1]
    marked = [row for row in collect_answers(study, rows) if row["exposure_off"]]
    assert len(marked) == 1


def _algorithm(study, number):
    return next(
        study.pictures[n].source for n in plan_session(study, number)[0].pictures if study.pictures[n].source != "real"
    )


def test_ratings(tmp_path):
    _, study = make_one(tmp_path, "realness", items=8, trials=6, practice=3, size=(2, 2))
    value = {"real": "4", "a": "1", "b": "1"}
    rows = []
    for number in range(5):
        rows += rows_of(study, number, lambda t: value[study.pictures[t.pictures[0]].source], exposure_ms=None)
    found = report_of(study, rows)
    assert {f.name: (f.estimate, f.counts) for f in found.figures} == {
        "real": ((4, 4, 4), {"4": 10}),
        "a": ((1, 1, 1), {"1": 10}),
        "b": ((1, 1, 1), {"1": 10}),
    }
    assert found.above == {("a", "b"): 0.5}  # ties half
    assert found.alpha == pytest.approx(1)
    assert found.off == 0


def test_preferences(tmp_path):
    _, study = make_one(tmp_path, "preference", items=8, trials=6, fakes=("a", "b", "c"), size=(2, 2))

    def better(trial):  # a before b before c
        left, right = (study.pictures[name].source for name in trial.pictures)
        return "left" if left < right else "right"

    found = report_of(study, [row for number in range(4) for row in rows_of(study, number, better)])
    assert {f.name: f.estimate.mean for f in found.figures} == {"a over b": 1, "a over c": 1, "b over c": 1}
    assert found.above == {("a", "b"): 1, ("a", "c"): 1, ("b", "c"): 1}


def test_nobody_has_finished(tmp_path):
    _, study = make_one(tmp_path, size=(2, 2))
    with pytest.raises(PicturaError, match="No rater has finished"):
        report_of(study, rows_of(study, 0, lambda t: "left")[:-1])


def run(*arguments):
    return CliRunner().invoke(app, ["study", *map(str, arguments)])


def test_the_commands(tmp_path):
    names = [f"{k:03}" for k in range(5)]
    real, ours = make_folder(tmp_path / "real", names), make_folder(tmp_path / "ours", names)
    folder, out = tmp_path / "study", tmp_path / "out"
    made = run(
        *("new", folder, "--kind", "real-fake", "--real", real, "--fake", f"ours={ours}", "--trials", 3),
        *("--practice", 2, "--seed", 5, "--title", "Which?", "--ask", "real"),
    )
    assert made.exit_code == 0, made.output
    assert "5 of ours, 5 of real; each rater has 5 trials, 2 of them practice" in made.output
    study = read_study(folder)
    assert (study.title, study.question, study.seed) == ("Which?", "Which picture is real?", 5)
    nothing = run("report", folder)
    assert (nothing.exit_code, nothing.output.count("\n")) == (2, 1)
    assert "answers.sqlite' does not exist: serve the study first" in nothing.output
    page, store = open_app(folder, study)
    assert "No rater has finished" in run("report", folder).output
    with open_client(page) as client:
        for _ in range(3):
            Rater(client).finish()
    store.close()
    done = run("report", folder, "-o", out, "--draws", 200)
    assert done.exit_code == 0, done.output
    assert "% labelled real" in done.output
    assert "3 raters; left out: 0 unfinished" in done.output
    values = json.loads((out / "report.json").read_text(encoding="utf-8"))
    printed = json.loads(run("report", folder, "--draws", 200, "--json").output)
    assert values == printed
    rows = list(csv.DictReader((out / "answers.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 15
    scored = [row for row in rows if row["role"] == "scored"]
    assert values["figures"][0]["mean"] == pytest.approx(sum(row["correct"] == "0" for row in scored) / 9)
    ElementTree.parse(out / "figures.svg")
    again = run("report", folder, "-o", out)
    assert (again.exit_code, "exists already" in again.output) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["new", "s", "--kind", "realnes", "--fake", "a=b"], "is not a value of --kind"),
        (["new", "s", "--kind", "realness", "--fake", "a"], "'a' is not NAME=DIR"),
        (["new", "s", "--kind", "realness", "--fake", "a=b", "--fake", "a=c"], "given to two algorithms"),
        (["serve", "nowhere"], "is no study"),
        (["report", "nowhere"], "is no study"),
    ],
)
def test_mistakes_in_the_command_line(arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert (done.exit_code, done.output.count("\n")) == (2, 1)
    assert sentence in done.output
