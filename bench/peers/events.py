"""The scenarios in which something happens to a proxy: reloads, an origin's death, many routes, many idle
connections, a second worker. Each proxy by itself, one after the other."""

import os
import signal
import socket
import statistics
import time

from load import Background, load
from machine import cpu_nanoseconds, resident_kib
from proxies import PEERS, Origin, Sluice

WHAT = {
    "idle": "resident memory per idle kept connection",
    "routes": "CPU per request, memory and start with many routes",
    "reloads": "reloads under load: failures, p99, memory",
    "origin_killed": "one of two origins killed and back under load",
    "two_workers": "two workers on two cores",
}


def idle(mode):
    count = {"smoke": 200, "quick": 2000, "full": 8000}[mode]  # 10,000 pairs are above 20,000 descriptors.
    results = {"connections": count}
    for kind in [Sluice, *PEERS]:
        origin = Origin(core=1)
        proxy = kind([origin.port])
        load(proxy.port, "-d", 0.2, "-c", 1)
        before = resident_kib(proxy.pids)
        kept = []
        for number in range(count):
            connection = socket.socket()
            connection.bind((f"127.0.0.{2 + number // 20000}", 0))
            connection.connect(("127.0.0.1", proxy.port))
            connection.sendall(b"GET /bytes/10 HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.recv(4096)
            kept.append(connection)
        after = resident_kib(proxy.pids)
        results[proxy.name] = {"bytes_per_connection": round((after - before) * 1024 / count),
                               "resident_kib_before": before, "resident_kib_after": after}
        for connection in kept:
            connection.close()
        proxy.stop()
        origin.stop()
    return results


def routes(mode):
    counts = {"smoke": [1, 100], "quick": [1, 10_000], "full": [1, 10_000, 100_000]}[mode]
    seconds = {"smoke": 0.2, "quick": 1, "full": 2}[mode]
    results = {}
    for count in counts:
        origin = Origin(core=1)
        row = {}
        running = []
        for kind in [Sluice, *PEERS]:
            began = time.monotonic()
            proxy = kind([origin.port], routes=count)
            row[proxy.name] = {"start_ms": round((time.monotonic() - began) * 1e3),
                               "resident_mib": round(resident_kib(proxy.pids) / 1024, 1), "cpu": []}
            proxy.pause()
            running.append(proxy)
        host = ("-H", f"Host: host-{count // 2}.example.com")
        for _ in range(1 if mode == "smoke" else 5):
            for proxy in running:
                proxy.resume()
                load(proxy.port, "-c", 64, "-d", 0.1, *host)
                before = cpu_nanoseconds(proxy.pids)
                answered = load(proxy.port, "-c", 64, "-d", seconds / 2, *host)["answered"]
                row[proxy.name]["cpu"].append((cpu_nanoseconds(proxy.pids) - before) / 1e3 / max(answered, 1))
                proxy.pause()
        for proxy in running:
            row[proxy.name]["cpu_us"] = round(statistics.median(row[proxy.name].pop("cpu")), 2)
            proxy.stop()
        origin.stop()
        results[str(count)] = row
    return results


def reloads(mode):
    count, seconds = {"smoke": (2, 1), "quick": (20, 4), "full": (100, 20)}[mode]
    results = {"reloads": count, "seconds": seconds}
    for kind in [Sluice, *PEERS]:
        origin = Origin(core=1)
        proxy = kind([origin.port])
        kept_arguments = ("-c", 64, "-R", 4000)
        fresh_arguments = ("-c", 64, "-R", 500, "--new-connections")
        quiet = load(proxy.port, "-d", max(1, seconds / 4), *kept_arguments)
        before = resident_kib(proxy.pids)
        kept = Background(proxy.port, "-d", seconds, *kept_arguments)
        fresh = Background(proxy.port, "-d", seconds, *fresh_arguments)
        began = time.monotonic()
        for turn in range(count):
            proxy.reload()
            time.sleep(max(0, began + (turn + 1) * seconds / (count + 1) - time.monotonic()))
        kept, fresh = kept.result(), fresh.result()
        results[proxy.name] = {
            "kept_answered": kept["answered"], "kept_failed": kept["failed"],
            "kept_stale_retries": kept["stale_retries"], "new_answered": fresh["answered"],
            "new_failed": fresh["failed"], "p99_us": kept["latency_us"]["p99"],
            "p99_us_without": quiet["latency_us"]["p99"], "max_us": kept["latency_us"]["max"],
            "resident_kib_before": before, "resident_kib_after": resident_kib(proxy.pids)}
        proxy.stop()
        origin.stop()
    return results


def origin_killed(mode):
    """Two origins at 2,000 requests a second; one is killed after a third of the time and comes back on its
    port after two thirds."""
    seconds = {"smoke": 1.5, "quick": 4, "full": 9}[mode]
    results = {}
    for kind in [Sluice, *PEERS]:
        origins = [Origin(core=1, name="a"), Origin(core=1, name="b")]
        proxy = kind([origin.port for origin in origins])
        under_way = Background(proxy.port, "-d", seconds, "-c", 64, "-R", 2000, "--post-percent", 10,
                               "--body-bytes", 1000, path="/status/200")
        time.sleep(seconds / 3)
        os.kill(origins[1].process.pid, signal.SIGKILL)
        origins[1].process.wait()
        time.sleep(seconds / 3)
        origins[1] = Origin(core=1, name="b", port=origins[1].port)
        result = under_way.result()
        bad = sum(count for status, count in result["statuses"].items() if status != "200")
        results[proxy.name] = {"answered": result["answered"], "failed": result["failed"],
                               "error_answers": bad, "max_us": result["latency_us"]["max"],
                               "p99_us": result["latency_us"]["p99"], "answered_by": result["answered_by"]}
        for process in [proxy, *origins]:
            process.stop()
    return results


def two_workers(mode):
    """Everything shares the two cores, so the rate says little: CPU per request must not grow."""
    seconds = {"smoke": 0.3, "quick": 1, "full": 3}[mode]
    results = {}
    for kind in [Sluice, *PEERS]:
        row = {}
        for workers in (1, 2):
            origin = Origin(core=[0, 1])
            proxy = kind([origin.port], core=[0, 1], workers=workers)
            load(proxy.port, "-c", 64, "-d", 0.3, core="0,1")
            before = cpu_nanoseconds(proxy.pids)
            answered = load(proxy.port, "-c", 64, "-d", seconds, core="0,1")["answered"]
            used = cpu_nanoseconds(proxy.pids) - before
            row[f"cpu_us_{workers}"] = round(used / 1e3 / max(answered, 1), 2)
            row[f"per_second_{workers}"] = round(answered / seconds)
            proxy.stop()
            origin.stop()
        results[kind.name] = row
    return results


def run(names, mode, say):
    results = {}
    for name in [name for name in WHAT if name in names]:
        say(f"{name}: {WHAT[name]}")
        results[name] = globals()[name](mode)
    return results
