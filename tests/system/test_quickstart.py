"""tools/quickstart as a newcomer runs it, up to Ctrl-C. Builds the release preset when it is not built."""

import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

from harness import TOP, get, run_sluice, wait_for


def descendants(pid):
    """Every process below `pid`, by name."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,comm="], capture_output=True, text=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    found, known = [], {str(pid)}
    for _ in rows:
        for child, parent, name in rows:
            if parent in known and child not in known:
                known.add(child)
                found.append((int(child), name))
    return found


class Terminal:
    """quickstart on a terminal of its own, so that Ctrl-C is a real one."""

    def __init__(self):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(TOP)
            os.execv("tools/quickstart", ["tools/quickstart"])
        self.text = ""

    def read(self):
        """More output, if there is any; False at the end."""
        while select.select([self.master], [], [], 0.05)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return False
            self.text += data.decode(errors="replace")
        return True

    def press_ctrl_c(self):
        os.write(self.master, b"\x03")


@pytest.fixture
def terminal():
    made = Terminal()
    yield made
    for pid, _ in descendants(made.pid) + [(made.pid, "")]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    try:
        os.waitpid(made.pid, 0)
    except ChildProcessError:
        pass
    os.close(made.master)


def test_quickstart_serves_and_ctrl_c_stops_all(terminal):
    def is_up():
        assert terminal.read(), terminal.text[-3000:]
        return re.search(r"open +http://127\.0\.0\.1:(\d+)/", terminal.text)
    port = int(wait_for(is_up, "quickstart to be up", 1200).group(1))
    assert {get(port).get("X-Origin") for _ in range(4)} == {"one", "two"}
    assert get(port, "/internal").status == 403
    assert get(port, "/careful/echo").json()["origin"] == "one"
    admin = re.search(r"admin +http://127\.0\.0\.1:(\d+)/", terminal.text).group(1)
    assert get(int(admin), "/readyz").status == 200
    started = descendants(terminal.pid)
    names = [name for _, name in started]
    assert names.count("sluice-origin") == 2 and "sluice" in names, names

    before = time.monotonic()
    terminal.press_ctrl_c()
    wait_for(lambda: not terminal.read() or "everything is stopped" in terminal.text, "the end")
    assert os.waitpid(terminal.pid, 0)[0] == terminal.pid
    assert time.monotonic() - before < 10
    left = [pid for pid, _ in started if os.path.exists(f"/proc/{pid}")]
    assert left == [], f"processes stayed behind: {left}"


def test_the_example_is_valid():
    code, output, errors = run_sluice("-t", "-c", str(TOP / "docs/examples/sluice.yaml"))
    assert code == 0, errors
    assert "valid" in output
