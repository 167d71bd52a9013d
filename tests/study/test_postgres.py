"""The same in PostgreSQL, from a server of its own; skipped where the distribution's packages are not."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.study.made import make_one, open_app, open_client
from tests.study.test_server import rate_at_once

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


@pytest.fixture
def database(tmp_path_factory):
    """The address of an empty database, in a server that listens at a socket in a temporary folder."""
    if not PROGRAMS:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    folder = Path("/tmp") / f"pictura-{os.getpid()}"  # a socket's path has 107 letters at most
    folder.mkdir(mode=0o700)
    become = []
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("there is no account postgres to run the server as")
        os.chown(folder, account.pw_uid, account.pw_gid)
        become = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]

    def run(program, *arguments):
        command = [*become, PROGRAMS[-1] / program, "-D", folder / "data", *arguments]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=120)

    try:
        run("initdb", "-U", "study", "-A", "trust", "--no-sync", "--no-instructions")
        run("pg_ctl", "-w", "-l", folder / "log", "-o", f"-k {folder} -c listen_addresses='' -c fsync=off", "start")
        try:
            yield f"postgresql://study@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_fifty_raters_at_once(tmp_path, database):
    folder, study = make_one(tmp_path, items=2, trials=1, practice=1, fakes=("a",), size=(2, 2))
    app, store = open_app(folder, study, database)
    with open_client(app) as client:
        rate_at_once(client, store)
    store.close()
