"""The embedded AWS Elemental MediaPackage (v1)."""

from streamhub.embedded.aws.mediapackage.service import MediaPackage

__all__ = ["MediaPackage"]
