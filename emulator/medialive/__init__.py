"""The embedded AWS Elemental MediaLive."""

from emulator.medialive.service import MediaLive

__all__ = ["MediaLive"]
