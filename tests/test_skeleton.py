"""Promises about the repository as a whole: sizes, imports, pins, what the package brings."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import pictura

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "pictura"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
OURS = [
    path
    for folder in ("src", "tools", "recipes", "benchmarks", "examples", "docs")
    for path in (ROOT / folder).rglob("*.py")
]
MEGABYTE = 2**20


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def git(*arguments):
    """What git says, or a skip where this is no repository (a source archive)."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git repository")
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name]


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(tree):
    """The modules a file imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_repository_stays_small():
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    sizes = {name: (ROOT / name).stat().st_size for name in names if (ROOT / name).is_file()}
    assert [name for name, size in sizes.items() if size > 4 * MEGABYTE] == []
    # 150 with its history, which an ordinary clone has and a shallow one has not: weights that were replaced are half.
    assert sum(sizes.values()) < 75 * MEGABYTE


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_modules_and_functions_can_be_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 330
    functions = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [f.name for f in functions if (f.end_lineno or 0) - f.lineno + 1 >= 60] == []


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_no_torchvision_and_no_pickle(path):
    tree = tree_of(path)
    roots = {module.split(".")[0] for module in imports(tree)}
    assert not roots & {"torchvision", "pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}
    # torch.load and numpy's allow_pickle read pickles without an import of that name.
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    # One file may: it checks first what torch is going to read, and torch reads weights only.
    allowed = {"torch.load"} if path == PACKAGE / "interop" / "checkpoint.py" else set()
    assert not ({"torch.load", "torch.save"} - allowed) & set(calls)
    keywords = [node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword)]
    assert "allow_pickle" not in keywords


MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def statements(body, inside):
    """The statements of a module that are run on import; with `inside` those of functions and classes, too."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if inside or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from statements(
                [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.stmt | ast.excepthandler)], inside
            )


def files_imported(path, inside):
    """Our modules that a file imports; of `from package import name` the module of that name, if there is one."""
    for node in statements(tree_of(path).body, inside):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else node.module for name in inner]
        else:
            continue
        yield from (name for name in names if name in MODULES and MODULES[name] != path)


@pytest.mark.parametrize("inside", [False, True], ids=["on import", "also inside functions"])
def test_no_circle_of_imports(inside):
    left = {name: set(files_imported(path, inside)) for name, path in MODULES.items()}
    while free := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in free}
    # What imports a circle without being part of one is taken away from the other end.
    while free := {name for name in left if not any(name in needs for needs in left.values())}:
        left = {name: needs for name, needs in left.items() if name not in free}
    assert not left


def test_import_is_light():
    code = f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); import pictura; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "pictura" in loaded
    assert not loaded & {"torch", "numpy", "PIL"}


def test_every_public_name_is_there():
    assert [name for name in pictura.__all__ if not hasattr(pictura, name)] == []


def test_versions_agree():
    assert PROJECT["project"]["version"] == pictura.__version__


def test_every_dependency_is_pinned_for_everybody():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    # No local builds (+cpu), addresses or paths: those pins would hold on one machine only.
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []
    pinned = {pin.split("==")[0].lower() for pin in pins}
    extras = PROJECT["project"]["optional-dependencies"]
    included = re.fullmatch(r"pictura\[(.*)\]", extras["dev"][0])[1].split(",")  # dev brings the other extras
    wanted = [
        *PROJECT["project"]["dependencies"],
        *extras["dev"][1:],
        *(one for name in included for one in extras[name]),
    ]
    assert {re.split(r"[<>=\[]", one)[0].lower() for one in wanted} <= pinned


def test_the_wheel_brings_encoder_and_styles():
    # Hatchling takes everything below the package that git does not ignore.
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": ["src/pictura"]}
    styles = sorted((PACKAGE / "assets" / "styles").glob("*.style"))
    brought = [PACKAGE / "assets" / "encoders" / "compact.safetensors", *styles]
    assert all(path.is_file() for path in brought)
    assert len(styles) >= 24
    assert sum(path.stat().st_size for path in styles) <= 3 * MEGABYTE
    seen = set(git("ls-files", "-z", "--cached", "--others", "--exclude-standard"))
    assert [name_of(path) for path in brought if name_of(path) not in seen] == []


def test_example_pictures_are_small_and_accounted_for():
    sources = (ROOT / "examples" / "SOURCES.md").read_text(encoding="utf-8")
    pictures = sorted((ROOT / "examples").rglob("*.jpg"))
    assert len(pictures) == 5
    for path in pictures:
        assert path.stat().st_size <= 90_000
        assert f"`{path.relative_to(ROOT / 'examples').as_posix()}`" in sources
