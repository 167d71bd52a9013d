"""Signals become a request to stop; a second one is not waited for."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from pictura.runtime.signals import catch_signals

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_a_request(number):
    before = signal.getsignal(number)
    with catch_signals() as stop:
        assert (stop(), stop.number) == (False, 0)
        os.kill(os.getpid(), number)
        assert (stop(), stop.number) == (True, number)
    assert signal.getsignal(number) == before


def test_a_second_one_ends_what_cleans_up():
    with catch_signals(clean_up=True) as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert stop.number == signal.SIGTERM


def test_a_second_one_ends_the_program():
    program = """
        import os, signal
        from pictura.runtime.signals import catch_signals
        with catch_signals():
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
            print("still here")
    """
    done = subprocess.run([sys.executable, "-c", "\n".join(line[8:] for line in program.splitlines())], text=True,
                          capture_output=True, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "")


def test_only_the_main_thread_listens():
    before, handlers = signal.getsignal(signal.SIGINT), []

    def work():
        with catch_signals() as stop:
            handlers.append((signal.getsignal(signal.SIGINT), stop()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [(before, False)]
