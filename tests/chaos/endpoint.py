"""The AWS endpoint that can be killed: a proxy in front of the embedded AWS, which keeps its state.

Killing it cuts all connections, as a network failure does, whether a request had arrived or not.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib

CHUNK = 65_536


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Forward data until one side closes; then close the other side."""
    with contextlib.suppress(ConnectionError, OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


async def serve(port: int, to: int) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        aws_reader, aws_writer = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(pump(reader, aws_writer), pump(aws_reader, writer))

    server = await asyncio.start_server(connected, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--to", type=int, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.to))
