"""The set-up chooses well between pip and uv and between PyTorch's builds, and a built wheel works by itself."""

import importlib.util
import os
import re
import site
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "pictura"


def load_script():
    spec = importlib.util.spec_from_file_location("install", ROOT / "tools" / "install.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


install = load_script()
LINUX = install.Machine("linux", "x86_64", card=False)
PLAIN_FILE = "global.cert='/etc/ca.crt'\nglobal.timeout='60'\n"
EXTRA_FILE = "global.extra-index-url='https://packages.example/simple'\n"
MIRROR_FILE = "global.index-url='https://mirror.example/simple'\n"


def source(machine=LINUX, environment=None, pip_config=PLAIN_FILE, reachable=True, installer="pip"):
    return install.choose_source(
        installer, machine, environment or {}, pip_config, "2.13.0", lambda index, version: reachable
    )


@pytest.mark.parametrize("processor", ["x86_64", "aarch64"])
def test_linux_without_a_card_takes_the_build_for_the_processor(processor):
    chosen = source(LINUX._replace(processor=processor))
    assert chosen.index == "https://download.pytorch.org/whl/cpu"
    assert str(chosen) == f"PyTorch comes from {chosen.index}, because there is no NVIDIA card."


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        (LINUX._replace(card=True), "there is an NVIDIA card"),
        (LINUX._replace(processor="ppc64le"), "no build for ppc64le"),
        (install.Machine("darwin", "arm64", card=False), "for this system has no CUDA"),
        (install.Machine("win32", "AMD64", card=False), "for this system has no CUDA"),
    ],
)
def test_other_machines_take_the_default_index_and_ask_no_other(machine, reason):
    def refuse(index, version):
        raise AssertionError("nothing needs to be asked")

    chosen = install.choose_source("pip", machine, {}, PLAIN_FILE, "2.13.0", refuse)
    assert chosen.index == ""
    assert reason in chosen.reason
    assert str(chosen).startswith("PyTorch comes from the usual indexes, because ")


def test_an_index_out_of_reach_is_not_taken():
    chosen = source(reachable=False)
    assert chosen.index == ""
    assert chosen.reason == "torch 2.13.0 cannot be had from https://download.pytorch.org/whl/cpu"


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"])
def test_what_the_user_set_for_pip_wins(name):
    assert source(environment={name: "https://packages.example/simple"}) == ("", f"{name} is set")
    assert source(environment={name: ""}).index == install.CPU_INDEX


@pytest.mark.parametrize("name", ["UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"])
def test_what_the_user_set_for_uv_wins_where_uv_installs(name):
    environment = {name: "https://packages.example/simple"}
    assert source(environment=environment, installer="uv") == ("", f"{name} is set")
    assert source(environment=environment, installer="pip").index == install.CPU_INDEX


def test_an_index_in_pips_configuration_wins_and_an_extra_one_stays_beside():
    assert source(pip_config=MIRROR_FILE) == ("", "pip's configuration sets index-url")
    assert source(pip_config="install.no-index='true'\n") == ("", "pip's configuration sets no-index")
    assert source(pip_config=EXTRA_FILE).index == install.CPU_INDEX


@pytest.mark.parametrize(
    ("uv", "environment", "pip_config", "installer"),
    [
        (True, {}, "", "uv"),
        (True, {}, PLAIN_FILE, "uv"),
        (True, {"UV_INDEX": "https://packages.example/simple"}, MIRROR_FILE, "uv"),
        (True, {"PIP_INDEX_URL": "https://mirror.example/simple"}, "", "pip"),
        (True, {}, MIRROR_FILE, "pip"),
        (True, {}, EXTRA_FILE, "pip"),
        (True, {}, ":env:.index-url=''\n", "uv"),
        (False, {}, "", "pip"),
        (False, {"UV_INDEX": "https://packages.example/simple"}, "", "pip"),
    ],
)
def test_uv_installs_where_it_is_unless_pip_alone_knows_the_indexes(uv, environment, pip_config, installer):
    assert install.choose_installer(uv, environment, pip_config) == installer


def test_a_card_shows_by_its_driver(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not install.has_card(tmp_path)
    (tmp_path / "nvidia0").touch()
    assert install.has_card(tmp_path)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "nvidia-smi"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    assert install.has_card(tmp_path / "none")


@pytest.mark.parametrize(
    ("page", "reachable"),
    [
        ("torch-2.13.0%2Bcpu-cp311-cp311-manylinux_2_28_x86_64.whl", True),
        ("torch-2.12.0%2Bcpu-cp311-cp311-manylinux_2_28_x86_64.whl", False),
        ("<h1>Please log in</h1>", False),
    ],
)
def test_an_index_must_have_the_version(page, reachable, tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "index.html").write_text(page, encoding="utf-8")
    address = f"{tmp_path.as_uri()}/torch/index.html#"  # makes what follows, /torch/, no part of the path
    assert install.can_reach(address, "2.13.0") == reachable


@pytest.mark.parametrize("index", ["http://127.0.0.1:9", "no address"])
def test_an_index_that_does_not_answer_is_out_of_reach(index):
    assert not install.can_reach(index, "2.13.0")


@pytest.fixture
def commands(monkeypatch):
    """The commands that would be run; those that contain a word of `failing` fail."""

    class Commands(list):
        failing = ()

    recorded = Commands()

    def record(command, show=False):
        recorded.append(" ".join(str(part) for part in command))
        return not any(word in recorded[-1] for word in recorded.failing)

    monkeypatch.setattr(install, "succeeds", record)
    return recorded


@pytest.mark.parametrize(("installer", "program"), [("pip", "env/python -m pip install"), ("uv", "uv pip install")])
def test_torch_comes_first_and_alone_from_its_own_index(installer, program, commands):
    assert install.install(installer, install.CPU_INDEX, Path("env/python"), ["-e", ".[dev]"])
    torch, rest = commands
    assert torch.startswith(program)
    assert torch.endswith(f"--no-deps --index-url {install.CPU_INDEX} torch")
    assert "index" not in rest
    assert rest.endswith("-e .[dev]")
    assert all(f"-c {install.CONSTRAINTS}" in command for command in commands)


def test_the_default_index_steps_in_where_the_other_one_fails(commands, capsys):
    commands.failing = ("--no-deps",)
    assert install.install("pip", install.CPU_INDEX, Path("python"), ["-e", "."])
    assert len(commands) == 2
    assert "so it comes from the usual indexes" in capsys.readouterr().out


def test_one_command_where_the_default_index_is_taken(commands):
    assert install.install("pip", "", Path("python"), ["-e", "."])
    assert len(commands) == 1


def test_pip_steps_in_where_uv_fails(commands, monkeypatch, tmp_path, capsys):
    commands.failing = ("uv pip", "pip --version")
    monkeypatch.setattr(install.shutil, "which", lambda name: name if name == "uv" else None)
    monkeypatch.setattr(install, "read_output", lambda command: "2.13.0+cpu" if "-c" in command else "")
    monkeypatch.setattr(install, "read_pin", lambda: "2.13.0")
    install.set_up(tmp_path, ["-e", "."])
    assert "so pip tries" in capsys.readouterr().out
    assert "-m ensurepip" in commands[-2]  # uv's environment has no pip
    assert "-m pip install" in commands[-1]
    assert not [command for command in commands if "--index-url" in command]  # torch is there


def test_a_set_up_that_fails_leaves_no_mark(commands, monkeypatch, tmp_path):
    commands.failing = ("pip install",)
    monkeypatch.setattr(install, "read_installed_torch", lambda python: install.read_pin() + "+cpu")
    monkeypatch.setattr(install, "read_pip_config", lambda python: "")
    monkeypatch.setattr(sys, "argv", ["install.py", "--into", str(tmp_path), "--extras", "dev"])
    with pytest.raises(SystemExit, match="not installed"):
        install.main()
    assert list(tmp_path.iterdir()) == []
    commands.failing = ()
    install.main()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ready", "ready-dev"]


def test_an_old_python_is_told_so(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer"):
        install.main()


def test_the_pin_is_read():
    assert re.fullmatch(r"[\d.]+", install.read_pin())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    paths = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert names == {f"pictura/{path.relative_to(PACKAGE).as_posix()}" for path in paths}
    assert "pictura/py.typed" in names


@pytest.mark.slow
def test_the_wheel_paints_where_the_source_tree_is_not(wheel, tmp_path):
    """In an environment of its own, which borrows torch and the rest from this one, but not pictura."""
    folder = tmp_path / "env"
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip())
    with ZipFile(wheel) as archive:
        archive.extractall(packages)  # all that installing a wheel of pure Python does, but for the program
    # A folder named in a .pth file joins the path, and its own .pth files, one of which names src/, are not read.
    (packages / "borrowed.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    Image.new("RGB", (48, 40), "teal").save(tmp_path / "photo.png")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PICTURA"))}

    def run(*arguments):
        done = subprocess.run(
            [python, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert Path(run("-c", "import pictura; print(pictura.__file__)").strip()).is_relative_to(packages)
    run("-m", "pictura", "stylize", "photo.png", "--style", "starry-night", "--preset", "fast", "-o", "painted.png")
    with Image.open(tmp_path / "painted.png") as painted:
        assert painted.size == (48, 40)
    for command in (("style", "list"), ("models",)):
        run("-m", "pictura", *command)
