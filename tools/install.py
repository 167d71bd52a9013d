"""Set up an environment with pictura in it. `make` runs this; so can you, where there is no make.

    python tools/install.py [--extras dev] [--into .venv] [--wheel FILE]

It needs nothing but Python. uv installs where it is on the machine, pip otherwise. On Linux without an NVIDIA card
PyTorch comes from PyTorch's own index of builds for the processor: the default index has the build for CUDA, which is
gigabytes larger. Indexes that the user has set for pip or uv are left alone.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

# A Python that is too old must still be able to read this file, to say so: hence no `list[str]` and no `X | None`.

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CPU_PROCESSORS = ("x86_64", "aarch64")  # those that CPU_INDEX has builds for
TIMEOUT = 10  # seconds to wait for CPU_INDEX

UV_VARIABLES = (
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_NO_INDEX",
    "UV_OFFLINE",
    "UV_TORCH_BACKEND",
)
PIP_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX")


class Machine(NamedTuple):
    """What the choice depends on, beside the settings of the user."""

    system: str  # sys.platform
    processor: str
    card: bool  # whether there is an NVIDIA card


class Source(NamedTuple):
    """Where PyTorch comes from, the usual indexes where `index` is empty, and why."""

    index: str
    reason: str

    def __str__(self) -> str:
        return f"PyTorch comes from {self.index or 'the usual indexes'}, because {self.reason}."


def has_card(devices: Path = Path("/dev")) -> bool:
    """Whether this machine has an NVIDIA card, or at least its driver."""
    return shutil.which("nvidia-smi") is not None or any(devices.glob("nvidia*"))


def can_reach(index: str, version: str) -> bool:
    """Whether an index answers and has this version of PyTorch; a login page that answers in its place has not."""
    try:
        with urllib.request.urlopen(f"{index}/torch/", timeout=TIMEOUT) as answer:
            page = answer.read().decode("utf-8", "replace")
    except (OSError, ValueError, HTTPException):
        return False
    return f"torch-{version}" in page


def read_pin(constraints: Path = CONSTRAINTS) -> str:
    """The version of PyTorch that pictura is tested with."""
    match = re.search(r"^torch==(\S+)$", constraints.read_text(encoding="utf-8"), re.M)
    if match is None:
        raise SystemExit(f"{constraints} does not pin torch: it needs a line like torch==2.13.0.")
    return match.group(1)


def choose_installer(uv: bool, environment: dict, pip_config: str) -> str:
    """Choose uv where it is installed, unless pip has been told of indexes: uv reads none of pip's settings.

    `pip_config` is what `pip config list` prints.
    """
    if not uv:
        return "pip"
    if any(environment.get(name) for name in UV_VARIABLES):
        return "uv"
    has_own = any(environment.get(name) for name in PIP_VARIABLES) or find_options(pip_config)
    return "pip" if has_own else "uv"


def choose_source(
    installer: str, machine: Machine, environment: dict, pip_config: str, version: str, reach=can_reach
) -> Source:
    """Choose where PyTorch comes from; `reach(index, version)` is asked last, and only if its answer matters."""
    for name in UV_VARIABLES if installer == "uv" else PIP_VARIABLES:
        if environment.get(name):
            return Source("", f"{name} is set")
    # A second index beside PyPI is for other packages; an index in PyPI's place is the only one that may be asked.
    for option in sorted(find_options(pip_config) - {"extra-index-url"}):
        return Source("", f"pip's configuration sets {option}")
    if not machine.system.startswith("linux"):
        return Source("", "its build for this system has no CUDA")
    if machine.processor not in CPU_PROCESSORS:
        return Source("", f"{CPU_INDEX} has no build for {machine.processor}")
    if machine.card:
        return Source("", "there is an NVIDIA card")
    if not reach(CPU_INDEX, version):
        return Source("", f"torch {version} cannot be had from {CPU_INDEX}")
    return Source(CPU_INDEX, "there is no NVIDIA card")


def find_options(pip_config: str) -> set:
    """The options in pip's configuration files that name indexes."""
    return set(re.findall(r"^(?!:env:).*\.((?:extra-)?index-url|no-index)=", pip_config, re.M))


def create_environment(folder: Path, with_pip: bool) -> Path:
    """Create a virtual environment, or mend one that broke off, and return its Python."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not succeeds([python, "-c", ""]):
        options = [] if with_pip else ["--without-pip"]
        command = [sys.executable, "-m", "venv", "--clear", *options, folder]
    elif with_pip and not succeeds([python, "-m", "pip", "--version"]):
        command = [python, "-m", "ensurepip"]
    else:
        return python
    if not succeeds(command, show=True):
        raise SystemExit(f"No environment could be made in {folder}; Debian and Ubuntu need the package python3-venv.")
    return python


def install(installer: str, index: str, python: Path, target: list) -> bool:
    """Install `target`, arguments of pip, with the versions that pictura is tested with; False where that fails."""
    if installer == "uv":
        command = ["uv", "pip", "install", "--python", python, "-c", CONSTRAINTS]
    else:
        command = [python, "-m", "pip", "install", "--disable-pip-version-check", "-c", CONSTRAINTS]
    # Alone and without what it needs: that comes from the default index, in the versions that are pinned.
    if index and not succeeds([*command, "--no-deps", "--index-url", index, "torch"], show=True):
        print(f"PyTorch could not be installed from {index}, so it comes from the usual indexes.", flush=True)
    return succeeds([*command, *target], show=True)


def read_pip_config(python: Path) -> str:
    """What `pip config list` prints, by the new environment's pip or else by this Python's."""
    for program in (python, sys.executable):
        output = read_output([program, "-m", "pip", "config", "list"])
        if output:
            return output
    return ""


def read_installed_torch(python: Path) -> str:
    """The version of PyTorch that an environment has, or nothing."""
    code = "from importlib.metadata import version; print(version('torch'))"
    return read_output([python, "-c", code]).strip()


def read_output(command: list) -> str:
    """What a command prints, or nothing where it fails."""
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    result = subprocess.run([str(part) for part in command], stdout=pipe, stderr=nowhere, check=False)
    return "" if result.returncode else result.stdout.decode("utf-8", "replace")


def succeeds(command: list, show: bool = False) -> bool:
    """Whether a command can be run and exits with 0."""
    output = None if show else subprocess.DEVNULL
    try:
        result = subprocess.run([str(part) for part in command], stdout=output, stderr=output, check=False)
    except OSError:
        return False
    return result.returncode == 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Set up an environment with pictura in it.")
    parser.add_argument("--extras", default="", help="extras of the package, as in dev or training,video")
    parser.add_argument("--into", type=Path, default=ROOT / ".venv", help="folder of the environment; default: .venv")
    parser.add_argument("--wheel", type=Path, help="install this wheel instead of the source tree")
    return parser.parse_args()


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs before anything has checked the version
        raise SystemExit(
            f"pictura needs Python 3.11 or newer, and {sys.executable} is {platform.python_version()}: "
            "run this with another Python, as in make PYTHON=python3.12."
        )
    arguments = parse()
    extras = f"[{arguments.extras}]" if arguments.extras else ""
    target = [f"{arguments.wheel.resolve()}{extras}"] if arguments.wheel else ["-e", f"{ROOT}{extras}"]
    set_up(arguments.into, target)
    # These files are the mark that all went well: a set-up that broke off is taken up again.
    for name in {"ready", f"ready-{arguments.extras}"} if arguments.extras else {"ready"}:
        (arguments.into / name).touch()


def set_up(folder: Path, target: list) -> None:
    """Create the environment, make the choices and install."""
    uv, environment, version = shutil.which("uv") is not None, dict(os.environ), read_pin()
    python = create_environment(folder, with_pip=not uv)
    pip_config = read_pip_config(python)
    installer, index = choose_installer(uv, environment, pip_config), ""
    if read_installed_torch(python).split("+")[0] != version:
        machine = Machine(sys.platform, platform.machine(), has_card())
        source = choose_source(installer, machine, environment, pip_config, version)
        print(source, f"{installer} installs.", flush=True)
        index = source.index
    create_environment(folder, with_pip=installer == "pip")
    if install(installer, index, python, target):
        return
    if installer == "uv":
        print("uv could not install pictura, so pip tries.", flush=True)
        create_environment(folder, with_pip=True)
        if install("pip", index, python, target):
            return
    raise SystemExit("pictura is not installed: the lines above say what went wrong.")


if __name__ == "__main__":
    main()
