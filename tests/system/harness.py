"""Starts real gateways and origins on free ports and waits for conditions.

Black box: knows the command line, the configuration, HTTP and the files a user sees; links no product code.
Nothing here sleeps for a fixed time: wait_for() polls a condition and fails with what it waited for.
"""

import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from client import Client, Response, get, PATIENCE  # noqa: F401, for the tests as well

TOP = Path(__file__).resolve().parent.parent.parent
BINARIES = TOP / os.environ.get("SLUICE_TEST_BUILD", "build/dev") / "bin"
CAPS = os.environ.get("SLUICE_TEST_CAPS", "")
PATTERN = bytes(range(251))


def pattern(count, start=0):
    """What sluice-origin sends: byte i is i modulo 251."""
    start %= 251
    return (PATTERN * ((start + count) // 251 + 1))[start:start + count]


def wait_for(condition, what, seconds=None):
    """The first true value of condition(); asked every few milliseconds until the time is over."""
    deadline = time.monotonic() + (seconds or PATIENCE)
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds or PATIENCE:g} s in vain for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


class Ports:
    """Ports below the range the kernel hands out itself, each given once per test run."""

    def __init__(self):
        # Two runs at the same time begin at different places.
        self.next = 10_000 + random.Random(os.getpid()).randrange(20_000)

    def take(self):
        while True:
            self.next = 10_000 + (self.next - 10_000 + 1) % 20_000
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", self.next))
                except OSError:
                    continue
            return self.next


PORTS = Ports()


class Process:
    """A child whose output goes to a file that is shown when a test fails."""

    def __init__(self, command, log_path, environment=None, **more):
        self.log_path = Path(log_path)
        self.log = open(self.log_path, "ab")
        self.child = subprocess.Popen([str(word) for word in command], stdout=more.pop("stdout", self.log),
                                      stderr=self.log, stdin=subprocess.DEVNULL,
                                      env={**os.environ, **(environment or {})}, **more)
        self.pid = self.child.pid

    def is_running(self):
        return self.child.poll() is None

    def wait(self, what="the process to end", seconds=None):
        wait_for(lambda: not self.is_running(), what, seconds)
        return self.child.returncode

    def kill(self):
        if self.is_running():
            self.child.kill()
        self.child.wait()
        self.log.close()

    def output(self):
        return self.log_path.read_text(errors="replace")


class Origin(Process):
    def __init__(self, folder, name="origin", port=0, body_bytes=1024):
        super().__init__([BINARIES / "sluice-origin", "--name", name, "--port", port, "--body-bytes",
                          body_bytes],
                         Path(folder) / f"origin-{name}.log", stdout=subprocess.PIPE)
        line = self.child.stdout.readline()
        assert line, self.output()
        self.port = int(line)
        self.address = f"127.0.0.1:{self.port}"
        self.name = name

    def counters(self):
        return get(self.port, "/counters").json()


class ScriptedOrigin:
    """An origin that does exactly what `script(client)` says, once per connection."""

    def __init__(self, script):
        self.script = script
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.connections = 0
        self.failures = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._run, args=(accepted, self.connections), daemon=True).start()

    def _run(self, accepted, number):
        client = Client.__new__(Client)
        client.socket, client.buffer = accepted, b""
        client.number = number
        accepted.settimeout(PATIENCE)
        try:
            self.script(client)
        except (OSError, AssertionError) as failure:
            self.failures.append(failure)
        finally:
            client.close()

    def stop(self):
        # shutdown() makes the blocked accept() return.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


def http_config(port, *origins, **more):
    """One http listener that sends everything to the origins, round robin."""
    return {
        "listeners": [{"name": "web", "address": f"127.0.0.1:{port}", "protocol": "http"}],
        "routes": [{"name": "all", "match": {"path_prefix": "/"},
                    "to": [origin.address for origin in origins]}],
        **more,
    }


class Gateway:
    """`sluice run` on a configuration of its own, in a folder of its own."""

    def __init__(self, folder, config, name="gateway"):
        self.folder = Path(folder) / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config_path = self.folder / "sluice.json"
        self.data_dir = self.folder / "data"
        self.access_log_path = self.folder / "access.log"
        self.log_path = self.folder / "gateway.log"
        self.admin_port = PORTS.take()
        self.process = None
        self.write(config)

    def complete(self, config):
        return {"workers": 1, "data_dir": str(self.data_dir),
                "admin": {"listen": f"127.0.0.1:{self.admin_port}"},
                "access_log": {"path": str(self.access_log_path), "format": "json"},
                "timeouts": {"drain": "5s"}, **config}

    def write(self, config):
        """Replaces the file the way editors do."""
        self.config = self.complete(config)
        temporary = self.config_path.with_suffix(".new")
        temporary.write_text(json.dumps(self.config, indent=1))
        temporary.rename(self.config_path)

    def environment(self):
        return {"RING_CAPS_MASK": CAPS} if CAPS else {}

    def start(self, wait=True, arguments=("run",), prefix=(), environment=None):
        self.process = Process([*prefix, BINARIES / "sluice", *arguments, "-c", self.config_path],
                               self.log_path,
                               {**self.environment(), **(environment or {})})
        if wait:
            self.wait_until_ready()
        return self

    def wait_until_ready(self):
        def ready():
            assert self.process.is_running(), f"the gateway ended early:\n{self.output()}"
            return self.is_ready()
        wait_for(ready, "the gateway to be ready")

    def is_ready(self):
        try:
            return self.admin("GET", "/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def output(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def admin(self, method, path, body=None, fields=None):
        """(status, fields, body) of one API call."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=PATIENCE)
        try:
            connection.request(method, path, body=body, headers=fields or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def admin_json(self, method, path, body=None, fields=None):
        status, _, answer = self.admin(method, path, body, fields)
        return status, json.loads(answer)

    def status(self):
        return self.admin_json("GET", "/api/v1/status")[1]

    def signal(self, number):
        os.kill(self.process.pid, number)

    def reload(self, config):
        """Writes the file and sends HUP; the caller waits for the effect it expects."""
        self.write(config)
        self.signal(signal.SIGHUP)

    def child(self, title):
        """The newest pid of a child, as the supervisor announced it."""
        for line in reversed(self.output().splitlines()):
            if line.startswith(f"sluice: {title} started (pid "):
                return int(line.rsplit("pid ", 1)[1].rstrip(")"))
        return None

    def access_log(self):
        if not self.access_log_path.exists():
            return []
        lines = self.access_log_path.read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def wait_for_log(self, matches, what="an access log line"):
        return wait_for(lambda: next((line for line in self.access_log() if matches(line)), None), what)

    def stop(self):
        """A clean end; the exit code."""
        if self.process.is_running():
            self.signal(signal.SIGTERM)
        return self.process.wait("the gateway to stop")

    def destroy(self):
        if self.process is None:
            return
        if self.process.is_running():
            self.signal(signal.SIGINT)
            try:
                wait_for(lambda: "draining" in self.output() or not self.process.is_running(), "the drain", 2)
                if self.process.is_running():
                    self.signal(signal.SIGINT)
                self.process.wait("the gateway to stop", 5)
            except (AssertionError, ProcessLookupError):
                pass
        for title in ("data plane", "admin"):
            pid = self.child(title)
            if pid and is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()


def is_alive(pid):
    """Runs, and is not only waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def resident_bytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def run_sluice(*arguments, **more):
    """(exit code, stdout, stderr) of one command."""
    done = subprocess.run([BINARIES / "sluice", *arguments], capture_output=True, text=True, timeout=60,
                          **more)
    return done.returncode, done.stdout, done.stderr


def has_program(name):
    return shutil.which(name) is not None
