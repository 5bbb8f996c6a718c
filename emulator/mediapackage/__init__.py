"""The embedded AWS Elemental MediaPackage (v1)."""

from emulator.mediapackage.service import MediaPackage

__all__ = ["MediaPackage"]
