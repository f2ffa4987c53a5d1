"""The table of cases, one module per part. The order here is the order of docs/conformance.md."""

from . import (request_line, request_fields, request_framing, request_chunks, request_connection, paths,
               response_head, response_framing, origin_faults, valid_requests, valid_responses)

MODULES = (request_line, request_fields, request_framing, request_chunks, request_connection, paths,
           response_head, response_framing, origin_faults, valid_requests, valid_responses)
CASES = []
for module in MODULES:
    for case in module.CASES:
        case.group = module.TITLE
        CASES.append(case)
assert len({case.name for case in CASES}) == len(CASES), "two cases have one name"
