"""What one channel uses in an hour, running and idle: functions of values.

MediaLive bills a running channel by its inputs and outputs, an idle one by itself and each of its push inputs
("Pricing in MediaLive"). MediaPackage bills what it gets from the encoder.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from billing.pricing.catalogue import (
    GB,
    IDLE_CHANNEL,
    IDLE_INPUT,
    INGEST,
    PIPELINES,
    Usage,
    encoder_input,
    encoder_output,
)
from channels_app.profiles import BILLED_PROFILES

MOST_INPUTS = 2  # MediaLive bills two active inputs at most
SECONDS_AN_HOUR = 3600


@dataclass(frozen=True)
class Part:
    """One kind of usage and how much of it there is in an hour, in its unit."""

    usage: Usage
    an_hour: Decimal


@dataclass(frozen=True)
class Encoder:
    """What MediaLive bills of a channel. `inputs`, `push_inputs`: how many are attached, and of them push."""

    profile: str
    channel_class: str
    record: bool
    inputs: int
    push_inputs: int

    def running(self) -> list[Part]:
        """A running channel, the archive output included; [] for a profile that is not known any more.

        What MediaPackage gets is the most that the profile's outputs may send.
        """
        billed = BILLED_PROFILES.get(self.profile)
        if billed is None:
            return []
        outputs = [*billed.outputs, *(billed.outputs[:1] if self.record else ())]
        frames = billed.frames or 30
        usages = [encoder_output(self.channel_class, lines, bits, frames) for lines, bits in outputs]
        inputs = min(MOST_INPUTS, max(1, self.inputs))
        counts = {encoder_input(self.channel_class, billed.input_mbits): inputs}
        for usage in usages:
            counts[usage] = counts.get(usage, 0) + 1
        ingest = Decimal(billed.bits_a_second * PIPELINES[self.channel_class] * SECONDS_AN_HOUR) / 8 / GB
        return [*(Part(usage, Decimal(count)) for usage, count in counts.items()), Part(INGEST, ingest)]

    def idle(self) -> list[Part]:
        """A channel that does not run."""
        parts = [Part(IDLE_CHANNEL, Decimal(1))]
        return parts + ([Part(IDLE_INPUT, Decimal(self.push_inputs))] if self.push_inputs else [])
