"""An origin that records every byte it gets and answers with what a script says: in pieces, late, not at all.

A script is a list of steps; it begins when a request's head has arrived:
  bytes             are sent as they stand
  BODY              waits for the whole request body
  CLOSE, RESET      end the connection with FIN or RST
  Trickle(b, s)     sends b byte by byte, one every s seconds, until the proxy has had enough
  Gap(s)            lets s seconds pass: what is tested is time itself
  RELAYED           waits until the client has received something
  Flood(b, n)       sends b over and over, n bytes at most, until the proxy has had enough
  AfterRead(n)      waits until n bytes of the request have arrived
Where a script ends without CLOSE or RESET the connection goes on with the next request. Requests without a
script are read whole and answered with 200.
"""

import socket
import struct
import threading
import time
from dataclasses import dataclass

from wire import Request, read_chunks

BODY, CLOSE, RESET, RELAYED = "body", "close", "reset", "relayed"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
PATIENCE = 15.0


def wait_until(condition, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.002)
    return condition()


@dataclass
class Trickle:
    data: bytes
    seconds: float


@dataclass
class Gap:
    seconds: float


@dataclass
class Flood:
    data: bytes
    bytes_max: int


@dataclass
class AfterRead:
    count: int


class Connection:
    def __init__(self, origin, accepted, number):
        self.origin, self.socket, self.number = origin, accepted, number
        self.received = b""  # All of it; `at` is where the next request begins.
        self.at = 0
        self.ended = None  # None, closed or reset: what the proxy did.
        self.is_over = False  # The thread has left.
        self.proxy_had_enough = False  # A send failed.
        accepted.settimeout(PATIENCE)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read_more(self):
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            self.ended = "reset"
            return False
        except OSError:
            return False
        self.received += data
        if not data:
            self.ended = "closed"
        self.origin.touch()
        return bool(data)

    def send(self, data):
        self.socket.sendall(data)
        self.origin.touch()

    def serve(self):
        try:
            while (request := self.read_head()) is not None and self.answer(request):
                pass
        except OSError:
            self.proxy_had_enough = True
        finally:
            while self.ended is None and self.socket.fileno() >= 0 and self.read_more():
                pass
            self.is_over = True
            self.socket.close()
            self.origin.touch()

    def read_head(self):
        while (end := self.received.find(b"\r\n\r\n", self.at)) < 0:
            if not self.read_more():
                return None
        request = Request(self.number, self.received[self.at:end + 4])
        self.at = end + 4
        self.origin.requests.append(request)
        self.origin.touch()
        return request

    def read_body(self, request):
        """False: the proxy ended the connection inside the body."""
        while not request.complete:
            rest = self.received[self.at:]
            if request.is_chunked:
                request.body, request.trailers, end = read_chunks(rest, 0)
                request.complete = end is not None
            else:
                request.body, end = rest[:request.length], request.length
                request.complete = len(rest) >= request.length
            if request.complete:
                self.at += end
            elif not self.read_more():
                return False
        self.origin.touch()
        return True

    def answer(self, request):
        script = self.origin.next_script(request)
        if script is None:
            if not self.read_body(request):
                return False
            self.send(OK_HEAD if request.method == "HEAD" else OK)
            return True
        for step in script:
            if isinstance(step, bytes):
                self.send(step)
            elif step == BODY:
                if not self.read_body(request):
                    return False
            elif step == RELAYED:
                wait_until(self.origin.is_relayed)
            elif step in (CLOSE, RESET):
                self.end(step)
                return False
            else:
                self.run(step)
        return self.read_body(request)

    def run(self, step):
        if isinstance(step, Trickle):
            for byte in step.data:
                self.send(bytes([byte]))
                time.sleep(step.seconds)
        elif isinstance(step, Gap):
            time.sleep(step.seconds)
        elif isinstance(step, Flood):
            for _ in range(step.bytes_max // len(step.data)):
                self.send(step.data)
        elif isinstance(step, AfterRead):
            while len(self.received) < step.count and self.read_more():
                pass
        else:
            step(self)  # A function of the connection, for what has no word above.

    def send_while_reading(self, data):
        """Both directions at once, as large as sockets do not hold: neither may wait for the other's end."""
        sender = threading.Thread(target=self.send, args=(data,))
        sender.start()
        self.read_body(self.origin.requests[-1])
        sender.join()

    def hang_up(self, how):
        try:
            self.socket.shutdown(how)
        except OSError:
            pass  # It is over already.

    def end(self, how):
        if how == RESET:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()
        else:
            self.socket.shutdown(socket.SHUT_WR)


class RecordingOrigin:
    """One per lane. `begin()` forgets the case before and gives the scripts of the next."""

    def __init__(self, port=0):
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.scripts, self.repeat = [], False
        self.is_relayed = lambda: False
        self.connections, self.requests = [], []
        self.last_activity = time.monotonic()
        self.number = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def touch(self):
        self.last_activity = time.monotonic()

    def _accept(self):
        while True:
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            self.number += 1
            self.touch()
            connection = Connection(self, accepted, self.number)
            self.connections.append(connection)
            threading.Thread(target=connection.serve, daemon=True).start()

    def begin(self, scripts, repeat):
        """Ends what the case before left, from this side, and waits until the proxy has let go of it (and of
        what it starts when a connection ends: a request that was waiting behind the one that hung)."""
        self.scripts = []
        while self.connections:
            ending, self.connections = self.connections, []
            for connection in ending:
                connection.hang_up(socket.SHUT_WR)
            if not wait_until(lambda: all(connection.is_over for connection in ending), 1):
                for connection in ending:
                    connection.hang_up(socket.SHUT_RDWR)
            wait_until(lambda: self.connections, 0.02)
        self.is_relayed = lambda: False  # The exercise says how to know.
        self.scripts, self.repeat = [list(script) for script in scripts], repeat
        self.connections, self.requests = [], []

    def next_script(self, request):
        if request.target in ("/probe", "/sentinel") or not self.scripts:
            return None
        return self.scripts[0] if self.repeat else self.scripts.pop(0)

    def stop(self):
        self.listener.close()
