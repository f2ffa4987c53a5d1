"""A hundred reloads under load: no request fails, no connection is reset."""

import threading
import time

from harness import Client, http_config, resident_bytes, wait_for

RELOADS = 100
SECONDS = 10


class Load:
    """Keep-alive clients and fresh connections at once; counts everything that went wrong."""

    def __init__(self, port, keep_alive, fresh):
        self.port, self.stop, self.done, self.failures = port, False, 0, []
        self.threads = [threading.Thread(target=self.keep_alive) for _ in range(keep_alive)]
        self.threads += [threading.Thread(target=self.fresh) for _ in range(fresh)]
        for thread in self.threads:
            thread.start()

    def ask(self, client):
        answer = client.request()
        if answer.status != 200:
            self.failures.append(f"status {answer.status}")
        self.done += 1
        return answer

    def keep_alive(self):
        try:
            with Client(self.port) as client:
                while not self.stop:
                    if self.ask(client).get("Connection") == "close":
                        self.failures.append("the gateway closed a keep-alive connection")
                        return
        except (OSError, AssertionError) as failure:
            self.failures.append(repr(failure))

    def fresh(self):
        while not self.stop:
            try:
                with Client(self.port) as client:
                    self.ask(client)
            except (OSError, AssertionError) as failure:
                self.failures.append(repr(failure))
                return

    def end(self):
        self.stop = True
        for thread in self.threads:
            thread.join()


def test_reloads_under_load_cost_nothing(world, record_property):
    a, b = world.origin("a"), world.origin("b")
    gateway = world.http_gateway(a, workers=2)
    load = Load(gateway.port, keep_alive=8, fresh=2)
    worker = gateway.child("data plane")
    sizes = []
    try:
        begin = time.monotonic()
        for turn in range(RELOADS):
            config = http_config(gateway.port, *((a, b) if turn % 2 else (b,)), workers=2)
            config["routes"][0]["name"] = f"turn-{turn}"
            gateway.reload(config)
            due = begin + (turn + 1) * SECONDS / RELOADS
            wait_for(lambda: time.monotonic() >= due, "the next turn")
            sizes.append(resident_bytes(worker))
    finally:
        load.end()
    assert load.failures == [], load.failures[:5]
    applied = gateway.output().count("reloading")
    record_property("requests", load.done)
    print(f"{applied} reloads, {load.done} requests, 0 failed; "
          f"resident {sizes[10] >> 20} -> {sizes[-1] >> 20} MiB")
    assert load.done > 1000
    assert sizes[-1] < sizes[10] * 1.3 + (8 << 20), "memory grows with reloads"

    def last_is_served():
        return f"turn-{RELOADS - 1}" in [line["route"]
                                         for line in gateway.access_log()[-50:]] or ask_once(gateway)
    wait_for(last_is_served, "the last revision to be served")


def ask_once(gateway):
    with Client(gateway.port) as client:
        client.request()
    return False
