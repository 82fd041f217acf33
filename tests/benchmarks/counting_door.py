"""A door in front of a tracking server that notes each request: what the window and the agent ask of it, and when.

A program of its own: python -m tests.benchmarks.counting_door PORT UNTIL. Says its own port on a line; once the file UNTIL
exists, a second line has the requests as JSON: seconds since the epoch, method and path.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import time
from pathlib import Path

_REQUEST = re.compile(rb"([A-Z]+ \S+) HTTP/1\.1\r\n")
_PIECE_BYTES = 65536


async def serve(port: int, until: Path) -> list[tuple[float, str]]:
    """Pass connections on until the file exists."""
    noted: list[tuple[float, str]] = []

    async def come_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        # Those that are open at the end are ended.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(_pass_on(reader, far_writer, noted), _pass_on(far_reader, writer, None))

    listening = await asyncio.start_server(come_in, "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    while not until.exists():
        await asyncio.sleep(0.1)
    return noted


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, noted: list[tuple[float, str]] | None
) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_PIECE_BYTES):
            if noted is not None:
                noted += ((time.time(), found.decode()) for found in _REQUEST.findall(data))
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))))
