"""Starts what the figures need (origin, Sluice, nginx, HAProxy, wrk), each in its own directory, and reads
what a process used. Nothing here measures time by itself; nothing touches anything but loopback."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("SLUICE_BIN", ROOT / "build" / "release" / "bin"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, seconds=15.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.002)
    raise RuntimeError(f"{what} did not happen within {seconds} s")


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


def cpu_nanoseconds(pid):
    """User and system time of every thread of a process."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def pin(pid, core):
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


class Origin:
    def __init__(self, core=1, body_bytes=1024):
        self.process = subprocess.Popen(
            [str(BIN / "sluice-origin"), "--port", "0", "--body-bytes", str(body_bytes)],
            stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r"\d+", self.process.stdout.readline().rsplit(":", 1)[-1]).group())
        pin(self.process.pid, core)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Sluice:
    """The data plane and admin under `sluice run`."""

    def __init__(self, config, core=0, prefix=()):
        self.directory = Path(tempfile.mkdtemp(prefix="sluice-figures-"))
        self.admin_port = free_port()
        self.config_file = self.directory / "sluice.yaml"
        self.write_config(config)
        self.started = time.monotonic()
        self.process = subprocess.Popen([*prefix, str(BIN / "sluice"), "run", "-c", str(self.config_file)],
                                        stdout=subprocess.DEVNULL, stderr=open(self.directory / "log", "w"))
        wait_until(self.dataplane_pid, "the data plane's start")
        self.pid = self.dataplane_pid()
        self.core = core

    def write_config(self, config):
        head = (f"data_dir: {self.directory}/data\nadmin: {{listen: 127.0.0.1:{self.admin_port}}}\n")
        self.config_file.write_text(head + config)

    def dataplane_pid(self):
        children = subprocess.run(["pgrep", "-P", str(self.process.pid), "-f", "sluice-dataplane"],
                                  capture_output=True, text=True).stdout.split()
        return int(children[0]) if children else None

    def pin(self):
        pin(self.pid, self.core)

    def api(self, method, path, body=None, content_type="application/yaml"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin_port}{path}", method=method,
                                         data=body.encode() if isinstance(body, str) else body)
        if body is not None:
            request.add_header("Content-Type", content_type)
        with urllib.request.urlopen(request, timeout=60) as response:
            text = response.read()
            return json.loads(text) if text[:1] in (b"{", b"[") else text

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Peer:
    """nginx or HAProxy with one worker, tuned as documented in the templates beside this file."""

    def __init__(self, name, origin_port, core=0, folder="", prefix=(), **more):
        self.directory = Path(tempfile.mkdtemp(prefix=f"{name}-figures-"))
        self.port = free_port()
        template = (Path(__file__).parent / folder / f"{name}.conf").read_text()
        text = template.replace("@PORT@", str(self.port)).replace("@ORIGIN@", f"127.0.0.1:{origin_port}")
        text = text.replace("@DIRECTORY@", str(self.directory))
        for word, value in more.items():
            text = text.replace(f"@{word.upper()}@", str(value))
        (self.directory / "conf").write_text(text)
        command = {"nginx": ["nginx", "-p", str(self.directory), "-c", str(self.directory / "conf")],
                   "haproxy": ["haproxy", "-db", "-f", str(self.directory / "conf")]}[name]
        self.process = subprocess.Popen([*prefix, *command], stderr=subprocess.DEVNULL)
        wait_until(lambda: answers(self.port), f"{name}'s start")
        workers = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True)
        self.pid = int((workers.stdout.split() or [self.process.pid])[0])
        pin(self.pid, core)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def wrk(url, connections, seconds, core=1, extra=()):
    """One run of wrk: requests, errors, and latencies in microseconds."""
    result = subprocess.run(["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
                             "--latency", *extra, url], capture_output=True, text=True, check=True).stdout
    scale = {"us": 1, "ms": 1e3, "s": 1e6}

    def latency(percentile):
        found = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s)", result)
        return float(found[1]) * scale[found[2]]

    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", result)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", result)
    return {"requests": int(re.search(r"(\d+) requests in", result)[1]),
            "p50_us": latency(50), "p99_us": latency(99),
            "socket_errors": sum(map(int, errors.groups())) if errors else 0,
            "bad_responses": int(bad[1]) if bad else 0}
