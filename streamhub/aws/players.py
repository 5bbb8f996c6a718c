"""Where a browser reaches what AWS delivers to players."""

from __future__ import annotations

from streamhub.aws.session import current_session


def address_for_browsers(url: str) -> str:
    """The playback URL itself; in embedded mode its address at the embedded AWS, whose hosts no DNS knows.

    Makes no call. Raises EmbeddedNotRunning.
    """
    target = current_session().target
    return f"{target.endpoint_url}/_players/{url.removeprefix('https://')}" if target.embedded else url
