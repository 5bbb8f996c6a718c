"""Channels (MediaPackage + MediaLive + a distribution), their security groups, and breakouts on them."""
