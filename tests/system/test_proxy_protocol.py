"""The PROXY protocol in both directions, against curl, HAProxy and nginx as well as byte by byte."""

import socket
import struct
import subprocess

import pytest

from harness import Client, PATIENCE, PORTS, Process, get, has_program, wait_for

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
VERSION1 = b"PROXY TCP4 192.0.2.1 198.51.100.2 4711 443\r\n"


FOUR = socket.inet_aton("192.0.2.1") + socket.inet_aton("198.51.100.2") + struct.pack(">HH", 4711, 443)
SIX = (socket.inet_pton(socket.AF_INET6, "2001:db8::7") + socket.inet_pton(socket.AF_INET6, "::1") +
       struct.pack(">HH", 1, 2))
NOOP = b"\x04\x00\x03abc"


def version2(command=0x21, family=0x11, rest=FOUR):
    return SIGNATURE + bytes([command, family]) + struct.pack(">H", len(rest)) + rest


def echo_head(client):
    while True:
        head = client.read_until(b"\r\n\r\n")
        client.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(head), head))


def echo_header_and_head(client):
    """Reads a PROXY header first and answers with it in front of each head."""
    start = client.read_bytes(5)
    if start == b"PROXY":
        header = start + client.read_until(b"\r\n")
    else:
        fixed = start + client.read_bytes(11)
        header = (fixed + client.read_bytes(struct.unpack(">H", fixed[14:])[0])).hex().encode()
    while True:
        body = header + b"|" + str(client.number).encode() + b"|" + client.read_until(b"\r\n\r\n")
        client.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


@pytest.fixture(scope="module")
def gateway(shared_world):
    origin = shared_world.scripted_origin(echo_head)

    def echo(client):
        while client._more():
            client.send(client.buffer)
            client.buffer = b""

    raw = shared_world.scripted_origin(echo)
    ports = {name: PORTS.take() for name in ("web", "mixed", "raw", "behind")}
    from_here = {"proxy_protocol": {"from": ["127.0.0.1"]}}
    made = shared_world.gateway({
        "timeouts": {"client_header": "700ms", "drain": "2s"},
        "listeners": [
            {"name": "web", "address": f"127.0.0.1:{ports['web']}", **from_here},
            {"name": "mixed", "address": f"127.0.0.1:{ports['mixed']}",
             "proxy_protocol": {"from": ["127.0.0.1"], "others": "allow"}},
            {"name": "behind", "address": f"127.0.0.1:{ports['behind']}", **from_here,
             "trusted_proxies": ["192.0.2.0/24"]},
            {"name": "raw", "address": f"127.0.0.1:{ports['raw']}", "protocol": "tcp", **from_here},
        ],
        "routes": [{"name": "all", "to": [origin.address]},
                   {"name": "raw", "listener": "raw", "to": [raw.address]}],
    })
    made.ports = ports
    return made


def seen_client(answer):
    for line in answer.body.decode().split("\r\n"):
        if line.startswith("X-Forwarded-For: "):
            return line.split(": ", 1)[1]
    return None


@pytest.mark.parametrize("header, client", [
    (VERSION1, "192.0.2.1"),
    (b"PROXY TCP6 2001:db8::7 ::1 1 2\r\n", "2001:db8::7"),
    (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    (version2(), "192.0.2.1"),
    (version2(family=0x21, rest=SIX), "2001:db8::7"),
    (version2(rest=FOUR + NOOP), "192.0.2.1"),
    (version2(command=0x20, family=0, rest=b""), "127.0.0.1"),
    (version2(family=0, rest=b""), "127.0.0.1"),
], ids=["v1", "v1-six", "v1-unknown", "v2", "v2-six", "v2-extension", "v2-local", "v2-unspec"])
def test_a_header_says_who_the_client_is(gateway, header, client):
    with Client(gateway.ports["web"]) as connection:
        connection.send(header + b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")  # In one segment with the request.
        assert seen_client(connection.read_response()) == client
        assert seen_client(connection.request(target="/2")) == client  # And for the connection's life.


def test_a_header_may_come_byte_by_byte(gateway):
    for header in (VERSION1, version2(rest=FOUR + NOOP)):
        with Client(gateway.ports["web"]) as connection:
            for i in range(len(header)):
                connection.send(header[i:i + 1])
            assert seen_client(connection.request()) == "192.0.2.1"


@pytest.mark.parametrize("bytes_sent", [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"PROXY TCP4 192.0.2.1 ::1 1 2\r\n", b"PROXY TCP4 1.2.3.4\r\n",
    b"PROXY " + b"x" * 200, version2(command=0x22), version2(rest=FOUR[:-1]),
    version2(rest=FOUR + b"\x03\x00\x04abcd"),
    version2(rest=FOUR + b"\x04\x00"), SIGNATURE + b"\x21\x11\xff\xff", VERSION1[:-4] + b"\n",
], ids=["request", "families", "short", "endless", "command", "address", "checksum", "extension", "long",
        "line-feed"])
def test_a_trusted_peer_without_a_valid_header_is_cut_off(gateway, bytes_sent):
    def refused():
        return len([line for line in gateway.access_log() if line["reason"] == "proxy_header_bad"])
    before = refused()
    with Client(gateway.ports["web"]) as connection:
        connection.send(bytes_sent)
        assert connection.is_closed()
    wait_for(lambda: refused() > before, "the refusal in the log")


def test_a_header_that_never_ends_is_cut_off_by_the_clock(gateway):
    with Client(gateway.ports["web"]) as connection:
        connection.send(VERSION1[:20])
        assert connection.is_closed()
    line = gateway.wait_for_log(lambda line: line["reason"] == "proxy_header_timeout")
    assert line["client"] == "127.0.0.1"
    metrics = gateway.admin("GET", "/metrics")[2].decode()
    assert 'reason="proxy_header_timeout"' in metrics and 'reason="proxy_header_bad"' in metrics


def test_a_connection_that_says_nothing_and_goes_leaves_no_trace(gateway):
    before = len(gateway.access_log())
    for _ in range(5):
        Client(gateway.ports["web"]).close()
    with Client(gateway.ports["web"]) as connection:
        connection.send(VERSION1)
        connection.request(target="/trace")
    gateway.wait_for_log(lambda line: "/trace" in line["request"])
    assert len(gateway.access_log()) == before + 1


def test_others_are_refused_unless_they_are_allowed(gateway):
    try:  # The reset may come as early as in connect().
        with Client(gateway.ports["web"], source="127.0.0.2") as connection:
            connection.send(VERSION1 + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.is_closed()
    except (ConnectionResetError, BrokenPipeError):
        pass
    line = gateway.wait_for_log(lambda line: line["reason"] == "proxy_peer_refused")
    assert line["client"] == "127.0.0.2"
    with Client(gateway.ports["mixed"], source="127.0.0.2") as connection:
        assert seen_client(connection.request()) == "127.0.0.2"
    with Client(gateway.ports["mixed"], source="127.0.0.2") as connection:
        connection.send(VERSION1)  # Nobody asked: it is no request.
        assert connection.read_response().status == 400
    with Client(gateway.ports["mixed"]) as connection:
        connection.send(VERSION1)
        assert seen_client(connection.request()) == "192.0.2.1"


def test_the_named_client_may_itself_be_a_trusted_proxy(gateway):
    with Client(gateway.ports["behind"]) as connection:
        connection.send(VERSION1)
        answer = connection.request(fields=[("X-Forwarded-For", "6.6.6.6, 203.0.113.5")])
        assert seen_client(answer) == "203.0.113.5, 192.0.2.1"


def test_tcp_listeners_read_it_too(gateway):
    for header in (VERSION1, version2()):
        with Client(gateway.ports["raw"]) as connection:
            connection.send(header + b"hello ")
            assert connection.read_bytes(6) == b"hello "
            connection.send(b"world")
            assert connection.read_bytes(5) == b"world"
    gateway.wait_for_log(lambda line: line["listener"] == "raw" and line["client"] == "192.0.2.1")


@pytest.mark.skipif(not has_program("curl"), reason="curl is not installed")
def test_curl_as_the_proxy(gateway):
    url = f"http://127.0.0.1:{gateway.ports['web']}/curl"
    done = subprocess.run(["curl", "-sS", "--haproxy-protocol", url], capture_output=True, text=True,
                          timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert "X-Forwarded-For: 127.0.0.1" in done.stdout


def start_haproxy(world, text):
    path = world.folder / "haproxy.cfg"
    path.write_text("global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n"
                    "  timeout client 30s\n  timeout server 30s\n" + text)
    world.origins.append(Process(["haproxy", "-db", "-f", path], world.folder / "haproxy.log"))


def wait_for_port(port):
    def answers():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0
    wait_for(answers, f"port {port}")


@pytest.mark.skipif(not has_program("haproxy"), reason="haproxy is not installed")
@pytest.mark.parametrize("option", ["send-proxy", "send-proxy-v2",
                                    "send-proxy-v2 proxy-v2-options crc32c,unique-id"])
@pytest.mark.parametrize("mode", ["http", "tcp"])
def test_haproxy_in_front(world, option, mode):
    origin = world.scripted_origin(echo_head)
    port, front = PORTS.take(), PORTS.take()
    world.gateway({"listeners": [{"name": "web", "address": f"127.0.0.1:{port}",
                                  "proxy_protocol": {"from": ["127.0.0.0/8"]}}],
                   "routes": [{"name": "all", "to": [origin.address]}]})
    start_haproxy(world, f"listen front\n  mode {mode}\n  bind 127.0.0.1:{front}\n"
                         f"  unique-id-format %[uuid]\n  server one 127.0.0.1:{port} {option}\n")
    wait_for_port(front)
    for source in ("127.0.0.5", "127.0.0.6"):
        with Client(front, source=source) as connection:
            assert seen_client(connection.request()) == source


def proxied_pool(world, address, version, **more):
    """A gateway whose pool sends a header; its http port is `.port`, its tcp port `.raw_port`."""
    port, raw_port = PORTS.take(), PORTS.take()
    gateway = world.gateway({
        "listeners": [{"name": "web", "address": f"127.0.0.1:{port}", **more},
                      {"name": "raw", "address": f"127.0.0.1:{raw_port}", "protocol": "tcp"}],
        "peers": [{"name": "one", "address": address}],
        "pools": [{"name": "app", "members": ["one"], "send_proxy_protocol": version}],
        "routes": [{"name": "all", "pool": "app"}, {"name": "raw", "listener": "raw", "pool": "app"}]})
    gateway.port, gateway.raw_port = port, raw_port
    return gateway


def expected_header(version, source, source_port, port):
    if version == "v1":
        return f"PROXY TCP4 {source} 127.0.0.1 {source_port} {port}"
    return version2(rest=socket.inet_aton(source) + socket.inet_aton("127.0.0.1") +
                    struct.pack(">HH", source_port, port)).hex()


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_every_connection_to_an_origin_begins_with_its_clients_header(world, version):
    origin = world.scripted_origin(echo_header_and_head)
    gateway = proxied_pool(world, origin.address, version)
    numbers = set()
    for source in ("127.0.0.3", "127.0.0.4"):
        for port in (gateway.port, gateway.raw_port):
            with Client(port, source=source) as client:
                header, number, _ = client.request().body.decode().split("|", 2)
                assert header == expected_header(version, source, client.socket.getsockname()[1], port)
                numbers.add(number)
    assert len(numbers) == 4  # No connection served two clients.


def test_a_private_connection_is_not_kept(world):
    origin = world.scripted_origin(echo_header_and_head)
    gateway = proxied_pool(world, origin.address, "v1")
    with Client(gateway.port) as client:
        numbers = [client.request().body.split(b"|")[1] for _ in range(3)]
    assert len(set(numbers)) == 3


def test_a_reload_turns_the_header_on_and_off(world):
    origin = world.scripted_origin(echo_head)
    gateway = proxied_pool(world, origin.address, "off")
    with Client(gateway.port) as client:
        def has_header():
            return client.request().body.startswith(b"PROXY TCP4 ")
        assert not has_header()
        on = [{"name": "app", "members": ["one"], "send_proxy_protocol": "v1"}]
        gateway.reload({**gateway.config, "pools": on})
        wait_for(has_header, "the header")
        gateway.reload({**gateway.config, "pools": [{"name": "app", "members": ["one"]}]})
        wait_for(lambda: not has_header(), "no header")


def test_the_header_names_the_client_behind_a_trusted_proxy(world):
    origin = world.scripted_origin(echo_header_and_head)
    gateway = proxied_pool(world, origin.address, "v1", trusted_proxies=["127.0.0.1"])
    with Client(gateway.port) as client:
        header = client.request(fields=[("X-Forwarded-For", "2001:db8::7")]).body.decode().split("|")[0]
    assert header == f"PROXY TCP6 2001:db8::7 ::ffff:127.0.0.1 0 {gateway.port}"


def test_the_header_passes_on_what_came_in_one(world):
    origin = world.scripted_origin(echo_header_and_head)
    gateway = proxied_pool(world, origin.address, "v1", proxy_protocol={"from": ["127.0.0.1"]})
    with Client(gateway.port) as client:
        client.send(VERSION1)
        assert client.request().body.decode().split("|")[0] == VERSION1.decode().strip()


def test_a_failed_connect_moves_on_with_the_header(world):
    origin = world.scripted_origin(echo_header_and_head)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"127.0.0.1:{closed.getsockname()[1]}"
    port = PORTS.take()
    world.gateway({
        "listeners": [{"name": "web", "address": f"127.0.0.1:{port}"}],
        "peers": [{"name": "dead", "address": dead}, {"name": "one", "address": origin.address}],
        "pools": [{"name": "app", "mode": "failover", "members": ["dead", "one"],
                   "send_proxy_protocol": "v2"}],
        "routes": [{"name": "all", "pool": "app"}]})
    with Client(port, source="127.0.0.3") as client:
        header = client.request(method="POST", body=b"x").body.decode().split("|")[0]
        assert header == expected_header("v2", "127.0.0.3", client.socket.getsockname()[1], port)


@pytest.mark.skipif(not has_program("haproxy"), reason="haproxy is not installed")
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_haproxy_behind(world, version):
    back = PORTS.take()
    start_haproxy(world, f"frontend back\n  bind 127.0.0.1:{back} accept-proxy\n"
                         "  http-request return status 200 content-type text/plain lf-string "
                         "\"%[src]:%[src_port] %[dst]:%[dst_port]\"\n")
    wait_for_port(back)
    gateway = proxied_pool(world, f"127.0.0.1:{back}", version)
    for port in (gateway.port, gateway.raw_port):
        with Client(port, source="127.0.0.7") as client:
            source_port = client.socket.getsockname()[1]
            assert client.request().body.decode() == f"127.0.0.7:{source_port} 127.0.0.1:{port}"


@pytest.mark.skipif(not has_program("nginx"), reason="nginx is not installed")
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_nginx_behind(world, version):
    back, folder = PORTS.take(), world.folder
    paths = "".join(f"  {name}_temp_path {folder}/{name};\n"
                    for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log {folder}/nginx.log;\n"
        f"events {{}}\nhttp {{\n  access_log off;\n{paths}"
        f"  server {{\n    listen 127.0.0.1:{back} proxy_protocol;\n    set_real_ip_from 127.0.0.0/8;\n"
        "    real_ip_header proxy_protocol;\n    location / {\n      default_type text/plain;\n"
        "      return 200 \"$remote_addr $proxy_protocol_addr:$proxy_protocol_port\";\n    }\n  }\n}\n")
    world.origins.append(Process(["nginx", "-c", folder / "nginx.conf", "-p", folder], folder / "nginx.out"))
    wait_for_port(back)
    gateway = proxied_pool(world, f"127.0.0.1:{back}", version)
    with Client(gateway.port, source="127.0.0.8") as client:
        source_port = client.socket.getsockname()[1]
        assert client.request().body.decode() == f"127.0.0.8 127.0.0.8:{source_port}"
