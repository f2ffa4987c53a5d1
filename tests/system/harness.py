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
import struct
import subprocess
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BINARIES = TOP / os.environ.get("SLUICE_TEST_BUILD", "build/dev") / "bin"
CAPS = os.environ.get("SLUICE_TEST_CAPS", "")
PATIENCE = float(os.environ.get("SLUICE_TEST_PATIENCE", "15"))  # Seconds; sanitizer builds need more.
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


class Response:
    def __init__(self, head, informational):
        lines = head.decode("latin-1").split("\r\n")
        self.version, status, *rest = lines[0].split(" ", 2)
        self.status = int(status)
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if line]
        self.informational = informational  # The 1xx responses before it.
        self.body = b""
        self.trailers = []

    def get(self, name, default=None):
        for key, value in self.fields:
            if key.lower() == name.lower():
                return value
        return default

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def json(self):
        return json.loads(self.body)


class Client:
    """One TCP connection, spoken byte by byte."""

    def __init__(self, port, host="127.0.0.1", source=None, receive_bytes=None):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        if source:
            self.socket.bind((source, 0))
        self.socket.settimeout(PATIENCE)
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _more(self):
        data = self.socket.recv(1 << 18)
        self.buffer += data
        return bool(data)

    def read_until(self, mark):
        while mark not in self.buffer:
            assert self._more(), f"the connection ended before {mark!r}; got {self.buffer[:300]!r}"
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def read_bytes(self, count):
        while len(self.buffer) < count:
            assert self._more(), f"the connection ended after {len(self.buffer)} of {count} bytes"
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def read_to_end(self):
        while self._more():
            pass
        found, self.buffer = self.buffer, b""
        return found

    def is_closed(self):
        """Waits for the end of the connection; False when bytes come instead."""
        try:
            return not self.buffer and not self._more()
        except ConnectionResetError:
            return True

    def read_head(self):
        informational = []
        while True:
            response = Response(self.read_until(b"\r\n\r\n"), informational)
            if response.status >= 200 or response.status == 101:
                return response
            informational.append(response)

    def read_response(self, method="GET"):
        response = self.read_head()
        if method == "HEAD" or response.status in (101, 204, 304):
            return response
        if "chunked" in response.get("Transfer-Encoding", ""):
            pieces = []
            while True:
                size = int(self.read_until(b"\r\n").split(b";")[0], 16)
                if size == 0:
                    break
                pieces.append(self.read_bytes(size))
                assert self.read_bytes(2) == b"\r\n"
            response.body = b"".join(pieces)
            while line := self.read_until(b"\r\n"):
                response.trailers.append(tuple(part.strip() for part in line.decode().split(":", 1)))
        elif response.get("Content-Length") is not None:
            response.body = self.read_bytes(int(response.get("Content-Length")))
        else:
            response.body = self.read_to_end()
        return response

    def request(self, method="GET", target="/", host="localhost", fields=(), body=None, chunked=False):
        head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n"
        for name, value in fields:
            head += f"{name}: {value}\r\n"
        data = b""
        if chunked:
            head += "Transfer-Encoding: chunked\r\n"
            data = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in body) + b"0\r\n\r\n"
        elif body is not None:
            head += f"Content-Length: {len(body)}\r\n"
            data = body
        self.send(head.encode("latin-1") + b"\r\n" + data)
        return self.read_response(method)


def get(port, target="/", host="localhost", fields=(), method="GET", **more):
    with Client(port) as client:
        return client.request(method, target, host, list(fields) + [("Connection", "close")], **more)


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
        super().__init__([BINARIES / "sluice-origin", "--name", name, "--port", port, "--body-bytes", body_bytes],
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
        "routes": [{"name": "all", "match": {"path_prefix": "/"}, "to": [origin.address for origin in origins]}],
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
        return {"workers": 1, "data_dir": str(self.data_dir), "admin": {"listen": f"127.0.0.1:{self.admin_port}"},
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
        self.process = Process([*prefix, BINARIES / "sluice", *arguments, "-c", self.config_path], self.log_path,
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
    done = subprocess.run([BINARIES / "sluice", *arguments], capture_output=True, text=True, timeout=60, **more)
    return done.returncode, done.stdout, done.stderr


def has_program(name):
    return shutil.which(name) is not None
