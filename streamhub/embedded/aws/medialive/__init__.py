"""The embedded AWS Elemental MediaLive."""

from streamhub.embedded.aws.medialive.service import MediaLive

__all__ = ["MediaLive"]
