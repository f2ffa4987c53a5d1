"""A good client beside each attack of abuse/attacks.py, for Sluice, nginx and HAProxy under equal limits and
equally few descriptors: what share of its requests succeeds, how its p99 compares with quiet, and what is
left of descriptors and memory when the attacker has gone."""

import http.client
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "abuse"))
import attacks  # noqa: E402
from processes import Origin, Peer, Sluice, free_port, resident_kib, wait_until  # noqa: E402

FOLDER = Path(__file__).resolve().parent / "abuse"
DESCRIPTORS = 1024
PATIENCE = 5.0  # A request that takes longer has failed.


class GoodClient(threading.Thread):
    """50 requests a second, in turns on a kept connection and on a fresh one."""

    def __init__(self, port, seconds):
        super().__init__()
        self.port, self.seconds, self.latencies, self.failures = port, seconds, [], {}
        self.kept = None

    def ask(self, connection):
        connection.request("GET", "/", headers={"Host": "good"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise OSError(f"status {answer.status}")

    def once(self, fresh):
        if fresh:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                return self.ask(connection)
            finally:
                connection.close()
        if self.kept is not None:
            try:
                return self.ask(self.kept)
            except (OSError, http.client.HTTPException):
                # A kept connection may end at any time; every client asks again on a new one.
                self.kept.close()
        self.kept = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        return self.ask(self.kept)

    def run(self):
        due = time.monotonic()
        end = due + self.seconds
        turn = 0
        while time.monotonic() < end:
            turn += 1
            begin = time.monotonic()
            try:
                self.once(fresh=turn % 2 == 0)
                self.latencies.append(time.monotonic() - begin)
            except (OSError, http.client.HTTPException) as failure:
                self.failures[repr(failure)[:60]] = self.failures.get(repr(failure)[:60], 0) + 1
                self.kept = None
            due += 0.02
            time.sleep(max(0, due - time.monotonic()))

    def result(self):
        failed = sum(self.failures.values())
        asked = len(self.latencies) + failed
        p99 = statistics.quantiles(self.latencies, n=100)[98] * 1e3 if len(self.latencies) > 1 else None
        return {"asked": asked, "success_percent": round(100 * len(self.latencies) / max(1, asked), 2),
                "p99_ms": p99 and round(p99, 2),
                "failures": dict(sorted(self.failures.items(), key=lambda item: -item[1])[:3])}


def good_client(port, seconds):
    client = GoodClient(port, seconds)
    client.start()
    client.join()
    return client.result()


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def start(name, origin_port):
    """(process, its worker's pid, port)"""
    prefix = ("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}")
    if name != "sluice":
        peer = Peer(name, origin_port, folder="abuse", prefix=prefix, descriptors=DESCRIPTORS)
        return peer, peer.pid, peer.port
    port = free_port()
    config = (FOLDER / "sluice.yaml").read_text().replace("@PORT@", str(port))
    sluice = Sluice(config.replace("@ORIGIN@", f"127.0.0.1:{origin_port}"), prefix=prefix)
    sluice.pin()
    return sluice, sluice.pid, port


def one(name, attack, quiet_seconds, attack_seconds, rest_seconds):
    origin = Origin()
    proxy, pid, port = start(name, origin.port)
    attacker = None
    try:
        wait_until(lambda: good_client(port, 0.1)["success_percent"] == 100, "the first answers")
        quiet = good_client(port, quiet_seconds)
        base = descriptors(pid), resident_kib(pid)
        attacker = subprocess.Popen([sys.executable, str(FOLDER / "attacks.py"), attack, str(port)],
                                    stderr=subprocess.DEVNULL)
        time.sleep(2)  # Until the attack stands.
        under = good_client(port, attack_seconds)
        peak = descriptors(pid), resident_kib(pid)
        attacker.kill()
        attacker.wait()
        # nginx and HAProxy are judged by the same clock: what is left after the rest.
        end = time.monotonic() + rest_seconds
        while time.monotonic() < end and descriptors(pid) > base[0] + 2:
            time.sleep(0.2)
        after = descriptors(pid), resident_kib(pid)
        again = good_client(port, 1)
    finally:
        if attacker is not None:
            attacker.kill()
        proxy.stop()
        origin.stop()
    ratio = under["p99_ms"] / quiet["p99_ms"] if under["p99_ms"] and quiet["p99_ms"] else None
    return {"success_percent": under["success_percent"], "asked": under["asked"], "p99_ms": under["p99_ms"],
            "quiet_p99_ms": quiet["p99_ms"], "p99_ratio": ratio and round(ratio, 1),
            "failures": under["failures"], "descriptors": [base[0], peak[0], after[0]],
            "resident_kib": [base[1], peak[1], after[1]], "success_after_percent": again["success_percent"]}


def run(quick):
    times = (2, 5, 6) if quick else (4, 15, 15)
    table = {}
    for attack in attacks.ALL:
        for name in ("sluice", "nginx", "haproxy"):
            table.setdefault(attack, {})[name] = result = one(name, attack, *times)
            print(f"{attack:17} {name:8} success {result['success_percent']:6.2f} %  "
                  f"p99 {result['p99_ms']} ms (quiet {result['quiet_p99_ms']})  fds {result['descriptors']}  "
                  f"KiB {result['resident_kib']} {result['failures']}", file=sys.stderr)
    return {"descriptor_limit": DESCRIPTORS, **table}
