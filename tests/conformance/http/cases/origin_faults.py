from case import (AfterRead, BODY, CLOSE, Case, Expect, Flood, Gap, OK, Pause, RELAYED, RESET, Trickle, Until,
                  answer, bad_answer,
                  cut, get, post)

TITLE = "Origins that misbehave"
HALF = answer("Content-Length: 10", body=b"abcde")
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
CHUNK = b"3\r\nabc\r\n"
POST = post("Content-Length: 3", body="abc")


def fault(name, section, script, expect, request=None, **more):
    return Case(name, section, request or get(), expect, origin=[script], repeat=True, **more)


def lost(reason, requests, status=502):
    return Expect([str(status)], reasons=[reason], requests=requests, origin_reused=False)


def within(seconds):
    def check(outcome):
        return None if outcome.seconds <= seconds else f"took {outcome.seconds:.1f} s"
    return check


def late(reason, **more):
    """Bounded by `response` (1 s on these lanes), however many bytes come."""
    return Expect(["504"], reasons=[reason], origin_reused=False, check=within(2.5), **more)


CASES = [
    # ---- before the head
    fault("close before the answer, POST", "9110 9.2.2", [BODY, CLOSE], lost("origin_closed", 1), POST),
    fault("close before the answer, GET, every time", "9110 9.2.2", [CLOSE], lost("origin_closed", 3)),
    fault("reset before the answer, POST", "9110 9.2.2", [BODY, RESET], lost("origin_reset", 1), POST),
    fault("reset before the answer, GET, every time", "9110 9.2.2", [RESET], lost("origin_reset", 3)),
    Case("close before the answer, GET, once", "9110 9.2.2", get(),
         Expect(["200"], reasons=["-"], requests=2), origin=[[CLOSE]]),
    Case("close before the answer, PUT with a body, once", "9110 9.2.2",
         post("Content-Length: 3", body="abc", method="PUT"),
         Expect(["200"], reasons=["-"], requests=2, check=lambda outcome:
                None if outcome.requests[1].body == b"abc" else "the body was not repeated"),
         origin=[[BODY, CLOSE]]),
    Case("reused connection closes under a POST", "9112 9.3.1", get() + POST,
         Expect(["200", "502"], reasons=["-", "origin_closed"], requests=2), origin=[[OK], [BODY, CLOSE]]),
    fault("origin says nothing", "9110 15.6.5", [AfterRead(10_000)], late("response_timeout"), hasty=True),
    fault("origin says nothing to a POST", "9110 15.6.5", [AfterRead(10_000)],
          late("response_timeout", requests=1), POST, hasty=True),
    # ---- inside the head
    fault("close inside the status line", "9112 8", [b"HTTP/1.1 2", CLOSE], bad_answer("response_head_cut")),
    fault("close inside the head", "9112 8", [b"HTTP/1.1 200 OK\r\nX: b", CLOSE],
          bad_answer("response_head_cut")),
    fault("reset inside the head", "9112 8", [b"HTTP/1.1 200 OK\r\nX: b", Gap(0.2), RESET],
          bad_answer("response_head_cut")),
    fault("close before the empty line", "9112 8", [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", CLOSE],
          bad_answer("response_head_cut")),
    fault("head with one byte every 0.3 s", "9110 15.6.5",
          [Trickle(answer("X: " + "b" * 100), 0.3)], late("response_timeout"), hasty=True),
    fault("head that never ends", "9110 5.4",
          [b"HTTP/1.1 200 OK\r\n", Flood(b"X: bbbbbbbbbbbbbbbbb\r\n" * 50, 1 << 22)],
          bad_answer("response_head_too_large")),
    fault("status line that never ends", "9110 5.4", [b"HTTP/1.1 200 ", Flood(b"b" * 1000, 1 << 22)],
          bad_answer("response_head_too_large")),
    # ---- interim answers
    fault("one hundred 103", "9110 15.2", [INTERIM * 100 + OK],
          Expect(["103"] * 16 + ["502"], reasons=["too_many_interim"], origin_reused=False)),
    fault("endless 100", "9110 15.2", [Flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 40, 1 << 16)],
          Expect(None, reasons=["too_many_interim"], origin_reused=False)),
    fault("sixteen 103", "9110 15.2", [INTERIM * 16 + OK],
          Expect(["103"] * 16 + ["200"], reasons=["-"], origin_reused=True)),
    fault("103 with 20,000 bytes, four times", "9110 15.2",
          [(answer("Link: " + "b" * 20_000, status="103 Early Hints")) * 4 + OK],
          Expect(None, reasons=["too_many_interim"], origin_reused=False)),
    fault("102 every 0.4 s, then an answer", "2518 10.1",
          [PROCESSING, Gap(0.4)] * 5 + [PROCESSING, OK], Expect(["102"] * 6 + ["200"], reasons=["-"]),
          hasty=True),
    fault("103, then silence", "9110 15.2", [INTERIM, AfterRead(10_000)],
          Expect(["103", "504"], reasons=["response_timeout"], origin_reused=False, check=within(2.5)),
          hasty=True),
    fault("103, then close: a GET is not repeated", "9110 9.2.2", [INTERIM, CLOSE],
          Expect(["103", "502"], reasons=["origin_closed"], requests=1)),
    Case("100, then close: a PUT is repeated, its 100 is not", "9110 9.2.2",
         [get("Content-Length: 3", "Expect: 100-continue", method="PUT"), Until(b"100 Continue"), "abc"],
         Expect(["100", "200"], reasons=["-"], requests=2),
         origin=[[b"HTTP/1.1 100 Continue\r\n\r\n", BODY, CLOSE],
                 [b"HTTP/1.1 100 Continue\r\n\r\n", BODY, OK]]),
    # ---- inside the body
    fault("length, close inside the body", "9112 8", [HALF, CLOSE], cut("response_truncated")),
    fault("length, reset inside the body", "9112 8", [HALF, RELAYED, RESET], cut("response_truncated")),
    fault("chunked, close inside a chunk", "9112 8",
          [answer("Transfer-Encoding: chunked", body=b"5\r\nab"), CLOSE],
          cut("response_truncated", not_received=[b"0\r\n\r\n"])),
    fault("chunked, close between chunks", "9112 8",
          [answer("Transfer-Encoding: chunked", body=CHUNK), CLOSE],
          cut("response_truncated", not_received=[b"0\r\n\r\n"])),
    fault("chunked, close before the empty line", "9112 8",
          [answer("Transfer-Encoding: chunked", body=CHUNK + b"0\r\n"), CLOSE], cut("response_truncated")),
    fault("chunked, close inside a trailer", "9112 8",
          [answer("Transfer-Encoding: chunked", body=CHUNK + b"0\r\nX: b"), CLOSE],
          cut("response_truncated")),
    fault("until close, reset", "9112 8", [answer(body=b"abc"), RELAYED, RESET],
          cut("response_truncated", not_received=[b"0\r\n\r\n"])),
    fault("until close, reset, HTTP/1.0 client", "9112 8",
          [answer(body=b"abc"), RELAYED, RESET], cut("response_truncated"),
          "GET / HTTP/1.0\r\nHost: a\r\n\r\n"),
    fault("chunked, close between chunks, HTTP/1.0 client", "9112 8",
          [answer("Transfer-Encoding: chunked", body=CHUNK), RELAYED, CLOSE], cut("response_truncated"),
          "GET / HTTP/1.0\r\nHost: a\r\n\r\n"),
    fault("length, silence inside the body", "9110 15.6.5", [HALF, AfterRead(10_000)],
          cut("response_timeout"),
          hasty=True),
    fault("chunked, silence inside the body", "9110 15.6.5",
          [answer("Transfer-Encoding: chunked", body=CHUNK), AfterRead(10_000)], cut("response_timeout"),
          hasty=True),
    fault("until close, silence", "9110 15.6.5", [answer(body=b"abc"), AfterRead(10_000)],
          cut("response_timeout"), hasty=True),
    fault("body with one byte every 0.2 s", "9110 15.6.5",
          [answer("Content-Length: 8"), Trickle(b"abcdefgh", 0.2)], Expect(["200"], reasons=["-"]),
          hasty=True),
    # ---- the client's side of time
    Case("client stops inside the head", "9110 15.5.9", "GET / HTTP/1.1\r\nHost: a\r\n",
         Expect(["408"], closed=True, requests=0, reasons=["head_timeout"]), hasty=True),
    Case("head with one byte every 0.3 s from the client", "9110 15.5.9",
         [piece for byte in "GET / HTTP/1.1\r\nX:" for piece in (byte, Pause(0.3))],
         Expect(["408"], closed=True, requests=0, reasons=["head_timeout"]), hasty=True),
    Case("client stops inside the body", "9110 15.5.9", get("Content-Length: 9", method="POST") + "abc",
         Expect(["408"], closed=True, reasons=["body_timeout"], origin_reused=False), hasty=True),
]
