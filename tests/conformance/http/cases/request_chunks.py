from case import HALF_CLOSE, Case, Expect, chunked, refused, served, shows_request_body

TITLE = "Chunked requests"


def bad(body, name, reason="bad_chunk", section="9112 7.1", **more):
    """What of the head and the good part reached the origin does not matter: its connection is reset."""
    expect = refused(400, reason, requests=None, origin_reused=False, not_reached=[b"0\r\n\r\n"])
    return Case(name, section, chunked(body), expect, **more)


def good(body, name, section="9112 7.1", data=b"abc", **more):
    return Case(name, section, chunked(body), served(request_body=data, **more), show=shows_request_body)


END = "0\r\n\r\n"
CASES = [
    bad("+3\r\nabc\r\n" + END, "size with a plus sign"),
    bad("-3\r\nabc\r\n" + END, "size with a minus sign"),
    bad("0x3\r\nabc\r\n" + END, "size with 0x"),
    bad(" 3\r\nabc\r\n" + END, "blank before the size"),
    bad("3 \r\nabc\r\n" + END, "blank behind the size"),
    bad("3 ;x\r\nabc\r\n" + END, "blank before an extension"),
    bad("3g\r\nabc\r\n" + END, "size that is no number"),
    bad("\r\nabc\r\n" + END, "empty size"),
    bad(";x\r\nabc\r\n" + END, "extension without a size"),
    bad("3_0\r\nabc\r\n" + END, "size with an underscore"),
    bad("10000000000000003\r\nabc\r\n" + END, "size of 2^64 + 3"),
    bad("fffffffffffffffd\r\nabc\r\n" + END, "size of 2^64 - 3"),
    bad("00000000000000003\r\nabc\r\n" + END, "size of 17 digits"),
    bad("3\nabc\r\n" + END, "LF behind the size", section="9112 2.2"),
    bad("3\rabc\r\n" + END, "CR behind the size", section="9112 2.2"),
    bad("3\r\rabc\r\n" + END, "CR CR behind the size"),
    bad("3\r\nabc\n" + END, "LF behind the data", section="9112 2.2"),
    bad("3\r\nabcd\r\n" + END, "more data than the size says"),
    bad("3\r\nabc" + END, "nothing behind the data"),
    bad("3\r\nabcXX" + END, "two other bytes behind the data"),
    bad("3;x\nabc\r\n" + END, "LF ends an extension", section="9112 7.1.1"),
    bad("3;x\rY\nabc\r\n" + END, "CR inside an extension", section="9112 7.1.1"),
    bad("3;a\0b\r\nabc\r\n" + END, "NUL inside an extension", section="9112 7.1.1"),
    bad("3;" + "x" * 2000 + "\r\nabc\r\n" + END, "extension of 2000 bytes", section="9112 7.1.1"),
    bad("3\r\nabc\r\n0\n\r\n", "LF behind the last size", section="9112 2.2"),
    bad("3\r\nabc\r\n0\r\nnonsense\r\n\r\n", "trailer without a colon", "bad_trailer", "9112 7.1.2"),
    bad("3\r\nabc\r\n0\r\nX : b\r\n\r\n", "trailer with a space before the colon", "bad_trailer",
        "9112 7.1.2"),
    bad("3\r\nabc\r\n0\r\nX: b\r\n c\r\n\r\n", "folded trailer", "bad_trailer", "9112 7.1.2"),
    bad("3\r\nabc\r\n0\r\nX: b\n\r\n", "trailer that ends with LF", "bad_trailer", "9112 7.1.2"),
    bad("3\r\nabc\r\n0\r\nX: b\0\r\n\r\n", "trailer with NUL", "bad_trailer", "9112 7.1.2"),
    bad("3\r\nabc\r\n0\r\n" + "X: b\r\n" * 1000 + "\r\n", "1000 trailers", "bad_trailer", "9112 7.1.2"),
    Case("bad chunk, then a request", "9112 9.3",
         chunked("3\r\nabcX\r\nGET /behind HTTP/1.1\r\nHost: a\r\n\r\n"),
         refused(400, "bad_chunk", requests=None, origin_reused=False, not_reached=[b"/behind"])),
    Case("body ends inside a chunk", "9112 8", [chunked("5\r\nab"), HALF_CLOSE],
         Expect([], closed=True, requests=None, reasons=["client_aborted"], origin_reused=False)),
    good("3;x=y\r\nabc\r\n" + END, "extension", "9112 7.1.1", not_reached=[b"x=y"]),
    good('3;x="a;b"\r\nabc\r\n' + END, "quoted extension", "9112 7.1.1", not_reached=[b"a;b"]),
    good("3;\r\nabc\r\n" + END, "empty extension", "9112 7.1.1", not_reached=[b";"]),
    good("003\r\nabc\r\n000\r\n\r\n", "leading zeros", not_reached=[b"003"]),
    good("A\r\n0123456789\r\n" + END, "size in capitals", data=b"0123456789"),
    good("3\r\nabc\r\n0;last\r\n\r\n", "extension of the last chunk", "9112 7.1.1", not_reached=[b"last"]),
    good(END, "empty body", data=b""),
    good("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n" + END, "three chunks"),
    Case("request hidden in an extension", "9112 7.1.1",
         chunked("3;\r\nabc\r\n0;GET /smuggled HTTP/1.1\r\n\r\n"), served(not_reached=[b"smuggled"])),
    Case("trailer is relayed", "9110 6.5", chunked("3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n", "Trailer: X-Sum"),
         served(reached=[b"0\r\nX-Sum: 7\r\n\r\n"])),
    Case("trailer with odd blanks is written anew", "9112 7.1.2",
         chunked("3\r\nabc\r\n0\r\nX-Sum:\t 7 \r\n\r\n"), served(reached=[b"0\r\nX-Sum: 7\r\n\r\n"])),
    Case("Content-Length in a trailer", "9110 6.5.1", chunked("3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n"),
         served(not_reached=[b"Content-Length"])),
    Case("Transfer-Encoding in a trailer", "9110 6.5.1",
         chunked("3\r\nabc\r\n0\r\nTransfer-Encoding: x\r\n\r\n"), served(not_reached=[b"Encoding: x"])),
    Case("Host in a trailer", "9110 6.5.1", chunked("3\r\nabc\r\n0\r\nHost: evil\r\n\r\n"),
         served(not_reached=[b"evil"])),
    Case("Authorization in a trailer", "9110 6.5.1", chunked("3\r\nabc\r\n0\r\nAuthorization: evil\r\n\r\n"),
         served(not_reached=[b"evil"])),
    Case("X-Forwarded-For in a trailer", "9110 6.5.1",
         chunked("3\r\nabc\r\n0\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"),
         served(not_reached=[b"203.0.113.9"])),
]
