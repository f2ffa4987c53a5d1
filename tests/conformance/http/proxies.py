"""The three proxies, as somebody would set them up who wants them to stream: every lane is a listener with an
origin of its own behind it, so that cases can run side by side without seeing each other."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from origin import RecordingOrigin

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "system"))
from harness import PORTS, Client, Gateway, Process, wait_for  # noqa: E402

LANES, HASTY_LANES = 8, 8  # Lanes with long and with short timeouts.
PATIENT_SECONDS, HASTY_SECONDS = 20, 1


class Lane:
    def __init__(self, name, is_hasty):
        self.name, self.is_hasty = name, is_hasty
        self.port = PORTS.take()
        self.origin = RecordingOrigin()
        self.seconds = HASTY_SECONDS if is_hasty else PATIENT_SECONDS


class Proxy:
    name, program = "", None

    @classmethod
    def is_installed(cls):
        return shutil.which(cls.program, path="/usr/sbin:/usr/bin:/sbin:/bin") is not None

    def __init__(self, folder):
        self.folder = Path(folder) / self.name
        self.folder.mkdir(parents=True)
        self.lanes = [Lane(f"lane-{i}", i >= LANES) for i in range(LANES + HASTY_LANES)]
        self.start()
        for lane in self.lanes:
            wait_for(lambda: self.answers(lane), f"{self.name} to answer on {lane.name}")

    @staticmethod
    def answers(lane):
        try:
            with Client(lane.port) as client:
                return client.request(target="/probe", fields=[("Connection", "close")]).status == 200
        except (OSError, AssertionError):
            return False

    def reasons(self, lane, seen):
        """Reason tokens of the lane's requests since `seen`, when the proxy has such."""
        return None

    def log_position(self):
        return 0


class Sluice(Proxy):
    name = "sluice"

    @classmethod
    def is_installed(cls):
        return True

    def start(self):
        def listener(lane):
            return {"name": lane.name, "address": f"127.0.0.1:{lane.port}", "protocol": "http",
                    "timeouts": {"client_header": f"{lane.seconds}s", "client_idle": f"{lane.seconds}s"}}

        def route(lane):
            return {"name": lane.name, "listener": lane.name, "to": [f"127.0.0.1:{lane.origin.port}"],
                    "timeouts": {"client_body": f"{lane.seconds}s", "response": f"{lane.seconds}s"}}
        self.gateway = Gateway(self.folder, {"listeners": [listener(lane) for lane in self.lanes],
                                             "routes": [route(lane) for lane in self.lanes]})
        self.gateway.start()

    def stop(self):
        self.gateway.destroy()

    def metrics(self):
        return self.gateway.admin("GET", "/metrics")[2].decode().splitlines()

    def log_position(self):
        return len(self.gateway.access_log())

    def reasons(self, lane, seen):
        # The log is in order, and the probe came last: when its line is there, so are the others.
        def lines():
            own = [line for line in self.gateway.access_log()[seen:] if line["listener"] == lane.name]
            return own if any("/probe" in line["request"] for line in own) else None
        own = wait_for(lines, "the probe's line in the access log")
        return [line["reason"] for line in own if not re.search(" /(probe|sentinel) ", line["request"])]

    @staticmethod
    def version():
        return "this tree"


class Peer(Proxy):
    """A proxy of Debian's, started with a configuration of ours."""

    def start(self):
        path = self.folder / "conf"
        path.write_text(self.configuration())
        self.process = Process(self.command(path), self.folder / "log")

    def stop(self):
        self.process.kill()

    @classmethod
    def version_line(cls, argument):
        done = subprocess.run([shutil.which(cls.program, path="/usr/sbin:/usr/bin"), argument],
                              capture_output=True, text=True)
        return re.search(r"[0-9]+\.[0-9]+\.[0-9]+", done.stdout + done.stderr)[0]


class Nginx(Peer):
    name = program = "nginx"

    @classmethod
    def version(cls):
        return cls.version_line("-v")

    def command(self, path):
        return [shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-c", path, "-p", self.folder]

    def configuration(self):
        servers = "".join(f"""
  upstream {lane.name} {{ server 127.0.0.1:{lane.origin.port}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{lane.port};
    client_header_timeout {lane.seconds}s;
    client_body_timeout {lane.seconds}s;
    proxy_read_timeout {lane.seconds}s;
    location / {{
      proxy_pass http://{lane.name};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_request_buffering off;
      proxy_buffering off;
    }}
  }}""" for lane in self.lanes)
        folders = "".join(f"  {kind}_temp_path {self.folder}/{kind};\n"
                          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""daemon off;
worker_processes 1;
pid {self.folder}/pid;
error_log {self.folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_max_body_size 0;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
{folders}{servers}
}}
"""


class HAProxy(Peer):
    name = program = "haproxy"

    @classmethod
    def version(cls):
        return cls.version_line("-v")

    def command(self, path):
        return [shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "-db", "-f", path]

    def configuration(self):
        lanes = "".join(f"""
frontend {lane.name}
  bind 127.0.0.1:{lane.port}
  timeout client {lane.seconds}s
  timeout http-request {lane.seconds}s
  option http-ignore-probes
  default_backend {lane.name}
backend {lane.name}
  timeout server {lane.seconds}s
  server one 127.0.0.1:{lane.origin.port}
""" for lane in self.lanes)
        return f"""global
  nbthread 1
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout http-keep-alive 20s
  http-reuse always
  option http-keep-alive
{lanes}"""


ALL = {proxy.name: proxy for proxy in (Sluice, Nginx, HAProxy)}
