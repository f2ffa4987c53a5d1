"""The scenarios behind bench/figures/run. Each starts its own processes and stops them."""

import http.client
import os
import resource
import signal
import socket
import statistics
import subprocess
import threading
import time
import urllib.error

from processes import Origin, Peer, Sluice, cpu_nanoseconds, free_port, resident_kib, wait_until, wrk
from routes_file import plain_config, routes_config


def get(port, host="localhost", path="/", timeout=5):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def is_served(port, host="localhost"):
    try:
        return get(port, host, timeout=1) == 200
    except (OSError, http.client.HTTPException):
        return False


def plain(quick):
    """Rounds rotate over the proxies; the ones not under test are stopped with SIGSTOP."""
    rounds, seconds = (3, 1) if quick else (9, 2)
    origin = Origin()
    port = free_port()
    sluice = Sluice(plain_config(origin.port, port))
    wait_until(lambda: is_served(port), "the first answer")
    sluice.pin()
    proxies = {"sluice": (sluice.pid, port)}
    peers = [Peer(name, origin.port) for name in ("nginx", "haproxy")]
    for name, peer in zip(("nginx", "haproxy"), peers):
        proxies[name] = (peer.pid, peer.port)
    samples = {name: [] for name in proxies}
    names = list(proxies)
    for pid, _ in proxies.values():
        os.kill(pid, signal.SIGSTOP)
    for turn in range(rounds):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            pid, target = proxies[name]
            os.kill(pid, signal.SIGCONT)
            wrk(f"http://127.0.0.1:{target}/", 64, 1)
            before = cpu_nanoseconds(pid)
            result = wrk(f"http://127.0.0.1:{target}/", 64, seconds)
            used = cpu_nanoseconds(pid) - before
            os.kill(pid, signal.SIGSTOP)
            samples[name].append((used / 1e3 / result["requests"], result["requests"] / seconds,
                                  result["p99_us"], result["socket_errors"] + result["bad_responses"]))
    for pid, _ in proxies.values():
        os.kill(pid, signal.SIGCONT)
    for process in [sluice, origin, *peers]:
        process.stop()
    table = {name: {"cpu_us_per_request": round(statistics.median(s[0] for s in rows), 2),
                    "cpu_us_lowest": round(min(s[0] for s in rows), 2),
                    "requests_per_second": round(statistics.median(s[1] for s in rows)),
                    "p99_us": round(statistics.median(s[2] for s in rows)),
                    "errors": sum(s[3] for s in rows)} for name, rows in samples.items()}
    better = min(table["nginx"]["cpu_us_per_request"], table["haproxy"]["cpu_us_per_request"])
    table["ratio_to_better_peer"] = round(table["sluice"]["cpu_us_per_request"] / better, 3)
    return table


class FreshConnections(threading.Thread):
    """200 new connections a second, one request each; every failure is kept with its reason."""

    def __init__(self, port, per_second=200):
        super().__init__(daemon=True)
        self.port, self.interval, self.stopped = port, 1 / per_second, threading.Event()
        self.done, self.failures = 0, []

    def run(self):
        due = time.monotonic()
        while not self.stopped.is_set():
            try:
                status = get(self.port)
                if status != 200:
                    self.failures.append(f"status {status}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
            self.done += 1
            due += self.interval
            time.sleep(max(0, due - time.monotonic()))


def storm(quick):
    """Alternates two configurations (another route, another listener) through the API while wrk keeps 64
    connections busy and 200 more come and go each second; the same load without reloads runs before and
    after."""
    reloads, duration = (100, 10) if quick else (1000, 100)
    origin = Origin()
    port, second_port = free_port(), free_port()
    configs = [plain_config(origin.port, port,
                            f'  - {{name: extra{i}, match: {{hosts: [extra{i}.example.com]}}, '
                            f'to: ["127.0.0.1:{origin.port}"]}}\n') for i in range(2)]
    configs[1] = configs[1].replace("listeners:\n",
                                    f'listeners:\n  - {{name: other, address: "127.0.0.1:{second_port}", '
                                    f'protocol: http}}\n')
    sluice = Sluice(configs[0])
    wait_until(lambda: is_served(port), "the first answer")
    url = f"http://127.0.0.1:{port}/"
    fresh = FreshConnections(port)
    fresh.start()
    quiet = [wrk(url, 64, max(5, duration // 5))]
    loaded = {}
    load = threading.Thread(target=lambda: loaded.update(wrk(url, 64, duration)))
    load.start()
    memory, applied, began = [], 0, time.monotonic()
    for turn in range(reloads):
        outcome = sluice.api("PUT", "/api/v1/config", f"data_dir: {sluice.directory}/data\nadmin: {{listen: "
                             f"127.0.0.1:{sluice.admin_port}}}\n" + configs[(turn + 1) % 2])
        applied += bool(outcome["data_plane"]["applied"])
        memory.append(resident_kib(sluice.pid))
        time.sleep(max(0, began + (turn + 1) * duration / reloads - time.monotonic()))
    load.join()
    quiet.append(wrk(url, 64, max(5, duration // 5)))
    fresh.stopped.set()
    fresh.join()
    sluice.stop()
    origin.stop()
    quiet_p99 = statistics.mean(run["p99_us"] for run in quiet)
    return {"reloads": reloads, "applied": applied, "seconds": round(time.monotonic() - began, 1),
            "requests": loaded["requests"], "failed_kept": loaded["socket_errors"] + loaded["bad_responses"],
            "fresh_connections": fresh.done, "failed_fresh": len(fresh.failures),
            "first_failures": fresh.failures[:5],
            "p99_us": loaded["p99_us"], "p99_us_without": quiet_p99,
            "p99_ratio": round(loaded["p99_us"] / quiet_p99, 3),
            "resident_kib_first_tenth": round(statistics.mean(memory[:reloads // 10])),
            "resident_kib_last_tenth": round(statistics.mean(memory[-reloads // 10:]))}


def routes(quick):
    count = 10_000 if quick else 100_000
    origin = Origin()
    port = free_port()
    # Only localhost is served at first, so that the last of the new routes answering means that all do.
    sluice = Sluice(plain_config(origin.port, port).replace("path_prefix: /", "hosts: [localhost]"))
    wait_until(lambda: is_served(port), "the first answer")
    url = f"http://127.0.0.1:{port}/"
    host = ("-H", f"Host: host-{count // 2}.example.com")
    sluice.write_config(routes_config(count, origin.port, port))
    last = f"host-{count - 1}.example.com"
    began = time.monotonic()
    sluice.process.send_signal(signal.SIGHUP)
    wait_until(lambda: is_served(port, last), "the routes being served", 30)
    loaded = time.monotonic() - began
    memory = resident_kib(sluice.pid)
    quiet = wrk(url, 64, 3, extra=host)

    def change(turns):
        changes, pushes = [], []
        for turn in turns:
            route = (f'{{"name":"r5","match":{{"hosts":["changed-{turn}.example.com"]}},'
                     f'"to":["127.0.0.1:{origin.port}"]}}')
            began = time.monotonic()
            outcome = sluice.api("PUT", "/api/v1/routes/r5", route, "application/json")
            wait_until(lambda: is_served(port, f"changed-{turn}.example.com"), "the changed route")
            changes.append((time.monotonic() - began) * 1e3)
            pushes.append(outcome["data_plane"].get("apply_microseconds", 0) / 1e3)
        return {"one_route_change_ms_median": round(statistics.median(changes), 1),
                "one_route_change_ms_max": round(max(changes), 1),
                "push_to_applied_ms_median": round(statistics.median(pushes), 1),
                "push_to_applied_ms_max": round(max(pushes), 1)}

    unloaded = change(range(10))
    swapping = {}
    load = threading.Thread(target=lambda: swapping.update(wrk(url, 64, 3, extra=host)))
    load.start()
    loaded_changes = change(range(10, 20))
    load.join()
    peak = resident_kib(sluice.pid)
    sluice.stop()
    origin.stop()
    return {"routes": count, "file_to_served_ms": round(loaded * 1e3),
            "resident_mib": round(memory / 1024, 1), "resident_mib_after_changes": round(peak / 1024, 1),
            "unloaded": unloaded, "both_cores_saturated": loaded_changes,
            "p99_us": swapping["p99_us"], "p99_us_without": quiet["p99_us"],
            "failed": swapping["socket_errors"] + swapping["bad_responses"]}


def idle(quick):
    count = 2_000 if quick else 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    origin = Origin()
    port = free_port()
    sluice = Sluice(plain_config(origin.port, port, "").replace("access_log: off", "access_log: off\nlimits: "
                                                                "{connections_per_ip: 100000}"))
    wait_until(lambda: is_served(port), "the first answer")
    before = resident_kib(sluice.pid)
    kept = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        while len(received) < 1024:
            received += client.recv(65536)
        kept.append(client)
    after = resident_kib(sluice.pid)
    for client in kept:
        client.close()
    sluice.stop()
    origin.stop()
    return {"connections": count, "resident_kib_before": before, "resident_kib": after,
            "bytes_per_connection": round((after - before) * 1024 / count)}


def start(quick):
    origin = Origin()
    times = []
    for _ in range(5 if quick else 15):
        port = free_port()
        sluice = Sluice(plain_config(origin.port, port))
        wait_until(lambda: is_served(port), "the first answer")
        times.append((time.monotonic() - sluice.started) * 1e3)
        sluice.stop()
    origin.stop()
    return {"first_answer_ms_median": round(statistics.median(times)),
            "first_answer_ms_max": round(max(times))}


def abuse(quick):
    import abuse_scenario
    return abuse_scenario.run(quick)


ALL = {"plain": plain, "storm": storm, "routes": routes, "idle": idle, "start": start, "abuse": abuse}
