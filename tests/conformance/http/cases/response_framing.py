from case import (BODY, CLOSE, Case, Expect, Gap, OK, Pause, RELAYED, RESET, Until, answer, bad_answer, cut,
                  get, served, shows_answer_field)

TITLE = "Response framing"
FRAMING = "bad_response_framing"
HEAD = get(method="HEAD")
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


def bad(name, section, *lines, body=b"abc", status="200 OK", reason=FRAMING, request=None):
    return Case(name, section, request or get(), bad_answer(reason, not_received=[b"evil"]),
                origin=[[answer(*lines, body=body, status=status)]])


def chunks(name, body, section="9112 7.1", reason="bad_response_chunk"):
    return Case(name, section, get(), cut(reason, not_received=[b"0\r\n\r\n"]),
                origin=[[answer("Transfer-Encoding: chunked", body=body)]])


def excess(name, script, section="9112 6.3", request=None, answers=("200",), **more):
    """The answer is good; what follows it must not become the answer to another request."""
    return Case(name, section, request or get(),
                Expect(list(answers), requests=1, reasons=["-"], origin_reused=False, not_received=[b"evil"],
                       **more), origin=[script])


def on_two_connections(outcome):
    first, second = outcome.requests
    return None if first.connection != second.connection else "both went over one connection"


CASES = [
    bad("length and encoding in an answer", "9112 6.1", "Content-Length: 3", "Transfer-Encoding: chunked",
        body=b"0\r\n\r\n"),
    bad("encoding and length in an answer", "9112 6.1", "Transfer-Encoding: chunked", "Content-Length: 40",
        body=b"0\r\n\r\n" + EVIL),
    bad("two equal lengths in an answer", "9112 6.3", "Content-Length: 3", "Content-Length: 3"),
    bad("two different lengths in an answer", "9112 6.3", "Content-Length: 3", "Content-Length: 7",
        body=b"abcevil"),
    bad("list of lengths in an answer", "9110 8.6", "Content-Length: 3, 3"),
    bad("signed length in an answer", "9110 8.6", "Content-Length: +3"),
    bad("negative length in an answer", "9110 8.6", "Content-Length: -3"),
    bad("empty length in an answer", "9110 8.6", "Content-Length:", body=b""),
    bad("length above 2^63 in an answer", "9110 8.6", "Content-Length: 9223372036854775808"),
    bad("Transfer-Encoding: gzip in an answer", "9112 6.1", "Transfer-Encoding: gzip"),
    bad("Transfer-Encoding: gzip, chunked in an answer", "9112 6.1", "Transfer-Encoding: gzip, chunked"),
    bad("Transfer-Encoding: identity in an answer", "9112 6.1", "Transfer-Encoding: identity"),
    bad("chunked, chunked in an answer", "9112 6.1", "Transfer-Encoding: chunked, chunked"),
    bad("chunked twice in an answer", "9112 6.1", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    bad("length in a 204", "9110 8.6", "Content-Length: 4", body=b"evil", status="204 No Content"),
    bad("encoding in a 204", "9112 6.1", "Transfer-Encoding: chunked", body=b"4\r\nevil\r\n0\r\n\r\n",
        status="204 No Content"),
    bad("length in a 103", "9110 8.6", "Content-Length: 4", body=b"evil", status="103 Early Hints"),
    bad("encoding in a 100", "9112 6.1", "Transfer-Encoding: chunked", body=b"0\r\n\r\n",
        status="100 Continue"),
    Case("Transfer-Encoding in an HTTP/1.0 answer", "9112 6.1", get(), bad_answer(FRAMING),
         origin=[[b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]]),
    Case("length 0 in a 204", "9110 8.6", get(),
         Expect(["204"], requests=1, reasons=["-"], origin_reused=True),
         origin=[[answer("Content-Length: 0", status="204 No Content")]],
         show=lambda outcome: shows_answer_field("Content-Length")(outcome)),
    # ---- chunks
    chunks("answer chunk size with a sign", b"+3\r\nabc\r\n0\r\n\r\n"),
    chunks("answer chunk size with 0x", b"0x3\r\nabc\r\n0\r\n\r\n"),
    chunks("answer chunk size that is no number", b"evil\r\nabc\r\n0\r\n\r\n"),
    chunks("answer chunk size of 2^64 + 3", b"10000000000000003\r\nabc\r\n0\r\n\r\n"),
    chunks("LF behind an answer's chunk size", b"3\nabc\r\n0\r\n\r\n", "9112 2.2"),
    chunks("nothing behind an answer's chunk", b"3\r\nabc0\r\n\r\n"),
    chunks("NUL in an answer's chunk extension", b"3;\0\r\nabc\r\n0\r\n\r\n", "9112 7.1.1"),
    chunks("endless extension in an answer", b"3;" + b"x" * 5000, "9112 7.1.1"),
    chunks("bad trailer in an answer", b"3\r\nabc\r\n0\r\nX : evil\r\n\r\n", "9112 7.1.2"),
    chunks("endless trailers in an answer", b"3\r\nabc\r\n0\r\n" + b"X: b\r\n" * 2000, "9112 7.1.2"),
    Case("Set-Cookie in a trailer", "9110 6.5.1", get(), served(body=b"abc", not_received=[b"evil"]),
         origin=[[answer("Transfer-Encoding: chunked",
                         body=b"3\r\nabc\r\n0\r\nSet-Cookie: evil=1\r\n\r\n")]]),
    Case("extension of an answer stays here", "9112 7.1.1", get(),
         served(body=b"abc", not_received=[b"evil"]),
         origin=[[answer("Transfer-Encoding: chunked", body=b"3;evil\r\nabc\r\n0\r\n\r\n")]]),
    # ---- bytes nobody asked for
    excess("second answer behind the first", [OK + EVIL]),
    excess("bytes behind the length", [answer("Content-Length: 3", body=b"abcevil")]),
    excess("bytes behind the last chunk",
           [answer("Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\nevil")]),
    excess("body behind an answer to HEAD", [answer("Content-Length: 4", body=b"evil")], "9110 9.3.2", HEAD),
    excess("chunked body behind an answer to HEAD",
           [answer("Transfer-Encoding: chunked", body=b"4\r\nevil\r\n0\r\n\r\n")], "9110 9.3.2", HEAD),
    excess("body behind a 304", [answer("Content-Length: 4", body=b"evil", status="304 Not Modified")],
           "9110 15.4.5", answers=["304"]),
    excess("body behind a 204", [answer(body=b"evil", status="204 No Content")], "9110 15.3.5",
           answers=["204"]),
    excess("100 behind the final answer", [OK + b"HTTP/1.1 100 Continue\r\n\r\n"], "9110 15.2"),
    Case("answer to no request, on an idle connection", "9112 9.2", [get(), get(target="/second")],
         Expect(["200", "200"], requests=2, reasons=["-", "-"], not_received=[b"evil"],
                check=on_two_connections),
         origin=[[BODY, OK + EVIL]]),
    Case("answer to no request, a moment later", "9112 9.2",
         [get(), Until(b"ok"), Pause(0.5), get(target="/second")],
         Expect(["200", "200"], requests=2, reasons=["-", "-"], not_received=[b"evil"],
                check=on_two_connections),
         origin=[[BODY, OK, RELAYED, Gap(0.1), EVIL]]),
    Case("final answer while the body is uploading", "9112 9.3",
         get("Content-Length: 1000000", method="POST") + "x" * 1000,
         Expect(["200"], closed=True, requests=1, reasons=["-"], origin_reused=False), origin=[[OK]]),
    Case("answer, then a reset", "9112 9.5", get(), Expect(["200"], requests=1, reasons=["-"],
                                                          origin_reused=False), origin=[[OK, RESET]]),
    Case("answer with Connection: close", "9112 9.6", get(),
         Expect(["200"], requests=1, reasons=["-"], origin_reused=False),
         origin=[[answer("Content-Length: 2", "Connection: close", body=b"ok"), CLOSE]]),
]
