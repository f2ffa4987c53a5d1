"""An HTTP client that says exactly what a test wants said, and reads what comes back byte by byte."""

import json
import os
import socket
import struct

PATIENCE = float(os.environ.get("SLUICE_TEST_PATIENCE", "15"))  # Seconds; sanitizer builds need more.


class Response:
    def __init__(self, head, informational):
        lines = head.decode("latin-1").split("\r\n")
        self.version, status, *rest = lines[0].split(" ", 2)
        self.status = int(status)
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if line]
        self.informational = informational  # The 1xx responses before it.
        self.body = b""
        self.trailers = []

    def get(self, name, default=None):
        for key, value in self.fields:
            if key.lower() == name.lower():
                return value
        return default

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def json(self):
        return json.loads(self.body)


class Client:
    """One TCP connection, spoken byte by byte."""

    def __init__(self, port, host="127.0.0.1", source=None, receive_bytes=None):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        if source:
            self.socket.bind((source, 0))
        self.socket.settimeout(PATIENCE)
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _more(self):
        data = self.socket.recv(1 << 18)
        self.buffer += data
        return bool(data)

    def read_until(self, mark):
        while mark not in self.buffer:
            assert self._more(), f"the connection ended before {mark!r}; got {self.buffer[:300]!r}"
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def read_bytes(self, count):
        while len(self.buffer) < count:
            assert self._more(), f"the connection ended after {len(self.buffer)} of {count} bytes"
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def read_to_end(self):
        while self._more():
            pass
        found, self.buffer = self.buffer, b""
        return found

    def is_closed(self):
        """Waits for the end of the connection; False when bytes come instead."""
        try:
            return not self.buffer and not self._more()
        except ConnectionResetError:
            return True

    def read_head(self):
        informational = []
        while True:
            response = Response(self.read_until(b"\r\n\r\n"), informational)
            if response.status >= 200 or response.status == 101:
                return response
            informational.append(response)

    def read_response(self, method="GET"):
        response = self.read_head()
        if method == "HEAD" or response.status in (101, 204, 304):
            return response
        if "chunked" in response.get("Transfer-Encoding", ""):
            pieces = []
            while True:
                size = int(self.read_until(b"\r\n").split(b";")[0], 16)
                if size == 0:
                    break
                pieces.append(self.read_bytes(size))
                assert self.read_bytes(2) == b"\r\n"
            response.body = b"".join(pieces)
            while line := self.read_until(b"\r\n"):
                response.trailers.append(tuple(part.strip() for part in line.decode().split(":", 1)))
        elif response.get("Content-Length") is not None:
            response.body = self.read_bytes(int(response.get("Content-Length")))
        else:
            response.body = self.read_to_end()
        return response

    def request(self, method="GET", target="/", host="localhost", fields=(), body=None, chunked=False):
        head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n"
        for name, value in fields:
            head += f"{name}: {value}\r\n"
        data = b""
        if chunked:
            head += "Transfer-Encoding: chunked\r\n"
            data = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in body) + b"0\r\n\r\n"
        elif body is not None:
            head += f"Content-Length: {len(body)}\r\n"
            data = body
        self.send(head.encode("latin-1") + b"\r\n" + data)
        return self.read_response(method)


def get(port, target="/", host="localhost", fields=(), method="GET", **more):
    with Client(port) as client:
        return client.request(method, target, host, list(fields) + [("Connection", "close")], **more)
