"""The embedded AWS as its own process: `python -m emulator`. It prints its address and runs until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal

from .server import EmbeddedAws


async def run(aws: EmbeddedAws, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    runner = await aws.start(port)
    print(f"The embedded AWS answers at {aws.url}", flush=True)
    await stopped.wait()
    aws.account.faults.close()
    await runner.cleanup()


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: a free port")
    parser.add_argument("--scale", type=float, default=0.02, help="real seconds per AWS second (0.02)")
    parser.add_argument("--seed", type=int, default=1, help="seed of all random values: ids, durations (1)")
    parser.add_argument("--region", default="eu-central-1", help="eu-central-1 by default")
    parser.add_argument("--bucket", action="append", default=[], help="a bucket that exists from the start")
    given = parser.parse_args(arguments)
    asyncio.run(run(EmbeddedAws(given.scale, given.seed, given.region, given.bucket), given.port))


if __name__ == "__main__":
    main()
