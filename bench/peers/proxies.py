"""Starts the origin and the proxies under comparison, each in a directory of its own, from the templates
beside this file, so that all get the same work and the same cores."""

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from machine import children, pin, wait_until

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("SLUICE_BIN", ROOT / "build" / "release" / "bin"))
TEMPLATES = Path(__file__).parent / "templates"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


class Process:
    """Ends with the benchmark, also when it fails."""

    def __init__(self, command, **more):
        atexit.register(self.stop)
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, **more)

    def signal(self, number):
        for pid in self.pids:
            os.kill(pid, number)

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def stop(self):
        atexit.unregister(self.stop)
        if self.process.poll() is not None:
            return
        for pid in [*children(self.process.pid), self.process.pid]:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Origin(Process):
    def __init__(self, core, name="origin", port=0):
        super().__init__([BIN / "sluice-origin", "--port", port, "--name", name], stdout=subprocess.PIPE,
                         text=True)
        self.port = int(self.process.stdout.readline())
        self.pids = [self.process.pid]
        pin(self.process.pid, core)


class Relay(Process):
    name = "relay"

    def __init__(self, origins, core=0, workers=1, routes=0):
        super().__init__([BIN / "sluice-relay", 0, origins[0]], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.pids = [self.process.pid]
        pin(self.process.pid, core)


class FromTemplate(Process):
    def __init__(self, origins, core=0, workers=1, routes=0):
        self.directory = Path(tempfile.mkdtemp(prefix=f"bench-{self.name}-"))
        self.port = free_port()
        self.origins, self.workers, self.core = origins, workers, core
        self.file = self.directory / "configuration"
        self.write(routes)
        super().__init__(self.command(), stderr=open(self.directory / "log", "w"))
        wait_until(lambda: answers(self.port), f"{self.name}'s start", 60)
        self.pids = wait_until(lambda: children(self.process.pid), f"{self.name}'s worker")
        self.seen = set(self.pids)
        for pid in self.pids:
            pin(pid, core)

    def follow_new_workers(self):
        """Old ones may go on draining for a while; they are no longer the proxy."""
        self.pids = wait_until(lambda: [pid for pid in children(self.process.pid) if pid not in self.seen],
                               f"{self.name}'s new worker", 60)
        self.seen.update(self.pids)
        for pid in self.pids:
            pin(pid, self.core)

    def write(self, routes):
        text = (TEMPLATES / self.template).read_text()
        for key, value in {"PORT": self.port, "DIRECTORY": self.directory, "WORKERS": self.workers,
                           "SERVERS": self.servers(), "REUSE": " reuseport" if self.workers > 1 else "",
                           "ROUTES": self.routes(routes)}.items():
            text = text.replace(f"@{key}@", str(value))
        self.file.write_text(text)


class Nginx(FromTemplate):
    name, template = "nginx", "nginx.conf"

    def command(self):
        return ["nginx", "-p", self.directory, "-c", self.file]

    def servers(self):
        return " ".join(f"server 127.0.0.1:{port} max_fails=1 fail_timeout=2s;" for port in self.origins)

    def routes(self, count):
        return "\n".join(f"  server {{ listen 127.0.0.1:{self.port}; server_name host-{i}.example.com; "
                         f"location / {{ proxy_pass http://origin; }} }}" for i in range(count))

    def reload(self):
        self.process.send_signal(signal.SIGHUP)
        self.follow_new_workers()


class Haproxy(FromTemplate):
    name, template = "haproxy", "haproxy.cfg"

    def command(self):
        return ["haproxy", "-W", "-f", self.file]

    def servers(self):
        return "\n".join(f"  server s{i} 127.0.0.1:{port} pool-max-conn -1" for i, port in
                         enumerate(self.origins))

    def routes(self, count):
        if count == 0:
            return ""
        (self.directory / "map").write_text("".join(f"host-{i}.example.com origin\n" for i in range(count)))
        return f"  use_backend %[req.hdr(host),lower,map_str({self.directory}/map)]"

    def reload(self):
        self.process.send_signal(signal.SIGUSR2)
        self.follow_new_workers()


class Sluice(Process):
    """`sluice run`: the data plane is what is measured, the admin runs on the other core."""

    name = "sluice"

    def __init__(self, origins, core=0, workers=1, routes=0):
        self.directory = Path(tempfile.mkdtemp(prefix="bench-sluice-"))
        self.port, self.admin_port = free_port(), free_port()
        self.origins, self.workers, self.turn = origins, workers, 0
        self.file = self.directory / "sluice.json"
        self.write(routes)
        super().__init__([BIN / "sluice", "run", "-c", self.file], stdout=subprocess.DEVNULL,
                         stderr=open(self.directory / "log", "w"))
        wait_until(lambda: answers(self.port), "Sluice's start", 60)
        self.pids = wait_until(self.data_planes, "the data plane")
        for pid in self.pids:
            pin(pid, core)

    def data_planes(self):
        return [pid for pid in children(self.process.pid)
                if "dataplane" in Path(f"/proc/{pid}/cmdline").read_text()]

    def configuration(self, routes):
        to = [f"127.0.0.1:{port}" for port in self.origins]
        own = [{"name": f"r{i}", "match": {"hosts": [f"host-{i}.example.com"]}, "pool": "origin"}
               for i in range(routes)]
        return {"workers": self.workers, "data_dir": str(self.directory / "data"), "access_log": "off",
                "admin": {"listen": f"127.0.0.1:{self.admin_port}"},
                "limits": {"connections_per_ip": 100000},
                "listeners": [{"name": "web", "address": f"127.0.0.1:{self.port}", "protocol": "http"}],
                "timeouts": {"connect": "1s"},
                "peers": [{"name": f"s{i}", "address": address} for i, address in enumerate(to)],
                "pools": [{"name": "origin", "mode": "load_balancing",
                           "members": [f"s{i}" for i in range(len(to))]}],
                "routes": [{"name": "all", "match": {"path_prefix": "/"}, "pool": "origin"}, *own]}

    def write(self, routes):
        self.file.write_text(json.dumps(self.configuration(routes)))

    def reload(self):
        """Through the API, another configuration each time, and only back when it is served."""
        self.turn += 1
        configuration = self.configuration(0)
        configuration["routes"].append({"name": "extra", "pool": "origin",
                                        "match": {"hosts": [f"extra-{self.turn}.example.com"]}})
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin_port}/api/v1/config", method="PUT",
                                         data=json.dumps(configuration).encode())
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as response:
            if not json.load(response)["data_plane"]["applied"]:
                raise RuntimeError("the configuration was not applied")


PEERS = [kind for kind in (Nginx, Haproxy) if shutil.which(kind.name)]
ALL = [Relay, Sluice, *PEERS]
