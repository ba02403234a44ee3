"""Bodies of every kind: a frame or a refusal, nothing else."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers

from stream.ingest.envelopes import open_envelope
from stream.ingest.refusals import RefusedError


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["", "multipart/form-data; boundary=x", "application/json"]))
def test_whatever_the_body_holds_it_is_refused_or_a_frame(body: bytes, content_type: str) -> None:
    headers = Headers({"content-type": content_type})
    for content in (body, b"{" + body, b'--x\r\nContent-Disposition: form-data; name="image"' + body + b"--x--"):
        with suppress(RefusedError):
            frame = asyncio.run(open_envelope({"camera_id": "gate"}, headers, content, datetime.now(UTC)))
            assert frame.encoded
