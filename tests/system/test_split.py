"""A route's weighted split between pools."""

import collections

from harness import Client, PORTS, get, run_sluice, wait_for
from test_pools import dead_address


def split_config(port, origins, parts, **route):
    return {
        "listeners": [{"name": "web", "address": f"127.0.0.1:{port}", "protocol": "http"}],
        "peers": [{"name": name, "address": address} for name, address in origins.items()],
        "pools": [{"name": name, "members": [name]} for name in origins],
        "routes": [{"name": "all", "split": [{"pool": name, "weight": weight} for name, weight in parts],
                    **route}],
    }


def split_gateway(world, origins, parts, **route):
    port = PORTS.take()
    gateway = world.gateway(split_config(port, origins, parts, **route))
    gateway.port = port
    return gateway


def shares(gateway, count):
    with Client(gateway.port) as client:
        return collections.Counter(client.request().get("X-Origin") for _ in range(count))


def test_shares_are_exact_and_the_log_names_the_pool(world):
    stable, canary = world.origin("stable"), world.origin("canary")
    gateway = split_gateway(world, {"stable": stable.address, "canary": canary.address},
                            [("stable", 90), ("canary", 10)])
    for _ in range(3):
        assert shares(gateway, 100) == {"stable": 90, "canary": 10}
    wait_for(lambda: len(gateway.access_log()) == 300, "three hundred lines")
    logged = collections.Counter(line["pool"] for line in gateway.access_log())
    assert logged == {"stable": 270, "canary": 30}


def test_a_reload_changes_the_shares_without_dropping_connections(world):
    stable, canary = world.origin("stable"), world.origin("canary")
    origins = {"stable": stable.address, "canary": canary.address}
    gateway = split_gateway(world, origins, [("stable", 1), ("canary", 0)])
    with Client(gateway.port) as client:
        assert {client.request().get("X-Origin") for _ in range(20)} == {"stable"}
        gateway.reload(split_config(gateway.port, origins, [("stable", 0), ("canary", 1)]))
        wait_for(lambda: client.request().get("X-Origin") == "canary", "the other pool")
        assert {client.request().get("X-Origin") for _ in range(20)} == {"canary"}


def test_by_client_one_address_stays(world):
    a, b = world.origin("a"), world.origin("b")
    gateway = split_gateway(world, {"a": a.address, "b": b.address}, [("a", 1), ("b", 1)], split_by="client")

    def pool_of(source):
        with Client(gateway.port, source=source) as client:
            names = {client.request().get("X-Origin") for _ in range(5)}
            assert len(names) == 1, names
            return names.pop()
    sources = [f"127.0.1.{n}" for n in range(1, 41)]
    first = {source: pool_of(source) for source in sources}
    assert set(first.values()) == {"a", "b"}
    assert {source: pool_of(source) for source in sources} == first


def test_retries_stay_within_the_chosen_pool(world):
    alive = world.origin("alive")
    gateway = split_gateway(world, {"dead": dead_address(), "alive": alive.address},
                            [("dead", 1), ("alive", 1)])
    statuses = collections.Counter(get(gateway.port).status for _ in range(20))
    assert statuses[200] == 10 and sum(statuses.values()) == 20, statuses


def test_mistakes_name_the_place(world):
    path = world.folder / "bad.yaml"
    path.write_text('listeners: [{name: web, address: ":8080"}]\n'
                    'peers: [{name: p, address: "127.0.0.1:1"}]\n'
                    'pools: [{name: stable, members: [p]}]\n'
                    'routes:\n'
                    '  - {name: r, split: [{pool: stabel, weight: 1}, {pool: stable, weight: 0}]}\n')
    code, _, errors = run_sluice("-t", "-c", path)
    assert code == 1
    assert 'bad.yaml:5:23: route "r" goes to pool "stabel"' in errors and 'did you mean "stable"?' in errors
