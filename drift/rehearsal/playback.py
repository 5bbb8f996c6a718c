"""What a viewer gets for the playback URL."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request

from channels_app import preview
from channels_app.models import Breakout
from channels_app.playback_link import breakout_playback
from drift.rehearsal.outcome import StepError
from streamhub.access.actors import Actor

TIMEOUT = 10.0  # seconds
PLAYLIST = b"#EXTM3U"
ENOUGH = 4096  # bytes of an answer


def ask(breakout: Breakout, who: Actor) -> tuple[int, bytes]:
    """HTTP status and the begin of the body. Status 0: no answer, and the body says why.

    Raises `NotPossible` if there is no URL.
    """
    link = breakout_playback(breakout, who=who)
    seen = preview.of_breakout(breakout)
    if seen.url is None:
        return 0, seen.reason.encode()
    url = f"{seen.url}?{link.query}" if link.query else seen.url
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310  http(s), our own URL
            return answer.status, answer.read(ENOUGH)
    except urllib.error.HTTPError as error:
        return error.code, error.read(ENOUGH)
    except (OSError, http.client.HTTPException) as error:
        return 0, str(getattr(error, "reason", error)).encode()


def judge(status: int, body: bytes) -> str | StepError:
    """What the answer means: a sentence if it is as it should be. A function of values."""
    if status == 200 and body.lstrip().startswith(PLAYLIST):
        return "a playlist came"
    if status == 404:
        return "CloudFront answered 404: nothing was fed, so there is no playlist yet"
    if status == 0:
        return StepError(
            "unreachable",
            f"No answer from the playback URL: {body.decode(errors='replace')}",
            "This machine has to reach CloudFront by HTTPS for this step; viewers' machines have to anyway.",
        )
    return StepError(
        "playback", f"The playback URL answered {status}, neither a playlist nor 404.", _HINTS.get(status, "")
    )


_HINTS = {
    403: "The signature or the origin's CDN authorization is refused: compare the settings of both.",
}
