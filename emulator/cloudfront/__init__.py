"""The embedded Amazon CloudFront."""

from emulator.cloudfront.service import CloudFront

__all__ = ["CloudFront"]
