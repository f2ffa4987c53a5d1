from case import Case, Expect, chunked, get, post, refused, served, shows_request_body, shows_request_field

TITLE = "Request framing"
SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
LENGTH = f"Content-Length: {len(SMUGGLED)}"


def length(value, body="abc"):
    return post(f"Content-Length: {value}", body=body)


def encoding(*values, body="3\r\nabc\r\n0\r\n\r\n"):
    return post(*(f"Transfer-Encoding: {value}" for value in values), body=body)


TE = "bad_transfer_encoding"
CL = "bad_content_length"
CASES = [
    # ---- the classics
    Case("CL.TE", "9112 6.1", post("Content-Length: 5", "Transfer-Encoding: chunked",
                                   body="0\r\n\r\n" + SMUGGLED), refused(400, "length_and_encoding")),
    Case("TE.CL", "9112 6.1", post("Transfer-Encoding: chunked", "Content-Length: 4",
                                   body=f"{len(SMUGGLED):x}\r\n{SMUGGLED}\r\n0\r\n\r\n"),
         refused(400, "length_and_encoding")),
    Case("CL.0: a GET with a body that is a request", "9110 9.3.1", get(LENGTH, target="/one") + SMUGGLED,
         Expect(["200"], requests=1, reasons=["-"], request_body=SMUGGLED.encode())),
    Case("0.CL: a HEAD with a body that is a request", "9110 9.3.2",
         get(LENGTH, target="/one", method="HEAD") + SMUGGLED,
         Expect(["200"], requests=1, reasons=["-"], request_body=SMUGGLED.encode())),
    Case("CL.CL", "9112 6.3", post("Content-Length: 0", LENGTH, body=SMUGGLED),
         refused(400, "duplicate_length")),
    Case("TE.TE: xchunked", "9112 6.1", encoding("xchunked"), refused(501, "unknown_encoding")),
    Case("TE.TE: chunked, then identity", "9112 6.1", encoding("chunked", "identity"), refused(400, TE)),
    Case("TE.TE: identity, then chunked", "9112 6.1", encoding("identity", "chunked"), refused(400, TE)),
    Case("TE.TE: chunked twice", "9112 6.1", encoding("chunked", "chunked"), refused(400, TE)),
    Case("TE.TE: chunked, chunked", "9112 6.1", encoding("chunked, chunked"), refused(400, TE)),
    Case("TE.TE: chunked, identity", "9112 6.1", encoding("chunked, identity"), refused(400, TE)),
    Case("TE.TE: an element is empty", "9112 6.1", encoding(",chunked"), refused(400, TE)),
    Case("TE.TE: nothing", "9112 6.1", encoding(""), refused(400, TE)),
    Case("TE.TE: chunked with a parameter", "9112 6.1", encoding("chunked;x=1"), refused(400, TE)),
    Case("TE.TE: quotes", "9112 6.1", encoding('"chunked"'), refused(400, TE)),
    Case("TE.TE: a VT in front", "9112 6.1", encoding("\x0bchunked"), refused(400, "bad_field_value")),
    Case("TE.TE: 0xa0 in front", "9112 6.1", encoding("\xa0chunked"), refused(400, TE)),
    Case("TE.TE: a NUL behind", "9112 6.1", encoding("chunked\0"), refused(400, "nul_byte")),
    Case("TE.TE: in capitals", "9112 6.1", encoding("CHUNKED"), served(request_body=b"abc"),
         show=shows_request_body),
    Case("TE.TE: blanks around", "9112 6.1", encoding(" \t chunked \t "), served(request_body=b"abc"),
         show=shows_request_body),
    Case("TE.TE: Transfer_Encoding", "3875 4.1.18",
         post("Transfer_Encoding: chunked", "Content-Length: 3", body="abc"),
         served(request_body=b"abc"), show=shows_request_field("Transfer_Encoding")),
    Case("Transfer-Encoding: gzip", "9112 6.1", encoding("gzip"), refused(501, "unknown_encoding")),
    Case("Transfer-Encoding: gzip, chunked", "9112 6.1", encoding("gzip, chunked"),
         refused(501, "unknown_encoding")),
    Case("Transfer-Encoding: identity", "9112 6.1", encoding("identity"), refused(501, "unknown_encoding")),
    Case("Transfer-Encoding in HTTP/1.0", "9112 6.1",
         "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
         refused(400, "encoding_in_http10")),
    # ---- Content-Length
    Case("length with a plus sign", "9110 8.6", length("+3"), refused(400, CL)),
    Case("length with a minus sign", "9110 8.6", length("-3"), refused(400, CL)),
    Case("hexadecimal length", "9110 8.6", length("0x3"), refused(400, CL)),
    Case("length with a space inside", "9110 8.6", length("3 3"), refused(400, CL)),
    Case("length with a letter", "9110 8.6", length("3a"), refused(400, CL)),
    Case("length with an underscore", "9110 8.6", length("3_0"), refused(400, CL)),
    Case("length with a fraction", "9110 8.6", length("3.0"), refused(400, CL)),
    Case("length of digits above ASCII", "9110 8.6", length("\xb3"), refused(400, CL)),
    Case("empty length", "9110 8.6", length("", ""), refused(400, CL)),
    Case("length above 2^63", "9110 8.6", length("9223372036854775808"), refused(400, CL)),
    Case("length of 2^64 + 3", "9110 8.6", length("18446744073709551619"), refused(400, CL)),
    Case("list of equal lengths", "9110 8.6", length("3, 3"), refused(400, CL)),
    Case("list of different lengths", "9110 8.6", length("3, 4"), refused(400, CL)),
    Case("length in quotes", "9110 8.6", length('"3"'), refused(400, CL)),
    Case("two equal lengths", "9112 6.3", post("Content-Length: 3", "Content-Length: 3", body="abc"),
         refused(400, "duplicate_length")),
    Case("two different lengths", "9112 6.3", post("Content-Length: 3", "Content-Length: 4", body="abcd"),
         refused(400, "duplicate_length")),
    Case("length with leading zeros", "9110 8.6", length("0003"), served(request_body=b"abc"),
         show=shows_request_field("Content-Length")),
    Case("length zero", "9110 8.6", length("0", ""), served(reached=[b"Content-Length: 0\r\n"])),
    # ---- what follows a body
    Case("rubbish behind a body", "9112 9.3", length("3", "abc") + "rubbish\r\n\r\n",
         Expect(["200", "400"], closed=True, requests=1, reasons=["-", "bad_request_line"])),
    Case("empty line behind a body", "9112 2.2", length("3", "abc") + "\r\n" + get(), served(2)),
    Case("request behind a chunked body", "9112 9.3", chunked("3\r\nabc\r\n0\r\n\r\n") + get(), served(2)),
]
