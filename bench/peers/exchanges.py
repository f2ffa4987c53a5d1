"""The scenarios in which every proxy does the same exchanges: CPU per request, rates, latencies.

All proxies run at once, the ones not under test stopped with SIGSTOP; rounds rotate over them, so that what
the machine does besides falls on all alike. A figure is the median over the rounds."""

import statistics

from load import load
from machine import SystemCalls, cpu_nanoseconds
from proxies import ALL, PEERS, Origin

# name: (what, connections, path, further arguments)
CLOSED = {
    "get_16": ("GET 1 KiB, 16 kept connections", 16, "/bytes/1024", ()),
    "get_64": ("GET 1 KiB, 64 kept connections", 64, "/bytes/1024", ()),
    "get_1024": ("GET 1 KiB, 1,024 kept connections", 1024, "/bytes/1024", ()),
    "get_16k": ("GET 16 KiB, 64 kept connections", 64, "/bytes/16384", ()),
    "get_64k": ("GET 64 KiB, 32 kept connections", 32, "/bytes/65536", ()),
    "get_1m": ("GET 1 MiB, 16 kept connections", 16, "/bytes/1048576", ()),
    "post_16k": ("POST 16 KiB, 64 kept connections", 64, "/status/200",
                 ("-X", "POST", "--body-bytes", 16384)),
    "new_connection": ("GET 1 KiB, a connection each", 64, "/bytes/1024", ("--new-connections",)),
}
# Shares of the better peer's rate in get_64.
OPEN = {"open_fifth": ("GET 1 KiB, open loop at a fifth of saturation", 0.2),
        "open_half": ("GET 1 KiB, open loop at half of saturation", 0.5)}


class Lengths:
    def __init__(self, mode):
        self.rounds = {"smoke": 1, "quick": 3, "full": 7}[mode]
        self.seconds = {"smoke": 0.2, "quick": 0.6, "full": 1.5}[mode]
        self.warm_up = {"smoke": 0.05, "quick": 0.2, "full": 0.4}[mode]


def slice_of(proxy, arguments, path, lengths, with_system_calls=False):
    proxy.resume()
    load(proxy.port, "-d", lengths.warm_up, *arguments, path=path)
    before = cpu_nanoseconds(proxy.pids)
    if with_system_calls:
        with SystemCalls(proxy.pids) as calls:
            result = load(proxy.port, "-d", lengths.seconds, *arguments, path=path)
        count = calls.count
    else:
        result = load(proxy.port, "-d", lengths.seconds, *arguments, path=path)
        count = None
    used = cpu_nanoseconds(proxy.pids) - before
    proxy.pause()
    answered = max(result["answered"], 1)
    return {"cpu_us": used / 1e3 / answered, "per_second": result["answered_per_second"],
            "p50_us": result["latency_us"]["p50"], "p99_us": result["latency_us"]["p99"],
            "p999_us": result["latency_us"]["p99.9"],
            # What was due in an open loop and not sent by its end says that the machine was too slow.
            "failed": result["failed"] - result["failures"]["not_sent"],
            "not_sent": result["failures"]["not_sent"],
            "system_calls": None if count is None else count / answered}


def summary(rows):
    middle = lambda key: statistics.median(row[key] for row in rows)  # noqa: E731
    calls = [row["system_calls"] for row in rows if row["system_calls"] is not None]
    return {"cpu_us": round(middle("cpu_us"), 2),
            "cpu_us_lowest": round(min(row["cpu_us"] for row in rows), 2),
            "per_second": round(middle("per_second")), "p50_us": round(middle("p50_us"), 1),
            "p99_us": round(middle("p99_us"), 1), "p999_us": round(middle("p999_us"), 1),
            "failed": sum(row["failed"] for row in rows), "not_sent": sum(row["not_sent"] for row in rows),
            "system_calls": round(statistics.median(calls), 2) if calls else None}


def interleaved(proxies, arguments, path, lengths):
    rows = {proxy.name: [] for proxy in proxies}
    for turn in range(lengths.rounds):
        shift = turn % len(proxies)
        for proxy in proxies[shift:] + proxies[:shift]:
            # perf costs what it counts: one round of its own, which is not part of the medians.
            rows[proxy.name].append(slice_of(proxy, arguments, path, lengths))
    result = {name: summary(of) for name, of in rows.items()}
    for proxy in proxies:
        counted = slice_of(proxy, arguments, path, lengths, with_system_calls=True)["system_calls"]
        result[proxy.name]["system_calls"] = None if counted is None else round(counted, 2)
    return result


def with_ratio(table):
    peers = [table[name]["cpu_us"] for name in ("nginx", "haproxy") if name in table]
    if peers and "sluice" in table:
        table["ratio_to_better_peer"] = round(table["sluice"]["cpu_us"] / min(peers), 3)
    if "relay" in table and "sluice" in table:
        table["ratio_to_relay"] = round(table["sluice"]["cpu_us"] / table["relay"]["cpu_us"], 3)
    return table


def run(names, mode, say):
    lengths = Lengths(mode)
    origin = Origin(core=1)
    proxies = [kind([origin.port]) for kind in ALL]
    results = {}
    try:
        for proxy in proxies:
            proxy.pause()
        for name in [name for name in CLOSED if name in names]:
            what, connections, path, arguments = CLOSED[name]
            say(f"{name}: {what}")
            results[name] = with_ratio(interleaved(proxies, ("-c", connections, *arguments), path, lengths))
        for name in [name for name in OPEN if name in names]:
            what, share = OPEN[name]
            if "get_64" not in results:
                base = interleaved([proxy for proxy in proxies if proxy.name != "relay"], ("-c", 64),
                                   "/bytes/1024", lengths)
            else:
                base = results["get_64"]
            known = [base[peer.name]["per_second"] for peer in PEERS] or [base["sluice"]["per_second"]]
            rate = max(100, round(share * max(known)))
            say(f"{name}: {what}, {rate} requests a second")
            results[name] = with_ratio(interleaved(proxies, ("-c", 64, "-R", rate), "/bytes/1024", lengths))
            results[name]["rate"] = rate
    finally:
        for process in [*proxies, origin]:
            process.stop()
    return results
