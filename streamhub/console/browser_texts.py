"""The texts that the console's scripts show: a page carries them in its language."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

# The scripts ask for a text by its key: `streamhub.text("ago", { span })`. Values stand as `{name}`.
TEXTS = {
    # console.js
    "ago": _("{span} ago"),
    "ahead": _("in {span}"),
    "left": _("{span} left"),
    "over": _("{span} over"),
    "isPast": _("{times}: this is past"),
    # refresh.js
    "refreshedNow": _("page refreshed just now"),
    "refreshed": _("page refreshed {span} ago"),
    "cut": _("No connection to StreamHub since {time} ({span} ago)."),
    "notSent": _("Nothing was sent. Press again when this line is gone."),
    "whileCut": _(
        "What you see is from then; shows go on without this page. Buttons do nothing until it is back."
        " Trying again by itself."
    ),
    "signedOut": _("signed out: reload the page"),
    "answered": _("not refreshed: the server answered {status}"),
    "noAnswer": _("not refreshed: the server does not answer"),
    "offline": _("not refreshed: this device is offline"),
    # keys.js
    "keys": _("Keys"),
    "nextShow": _("Next and previous show"),
    "openIt": _("Open it"),
    "searchAll": _("Search everything"),
    "theseKeys": _("These keys"),
    "keysOn": _('Single keys are on in this browser ("?" always works)'),
    "close": _("Close"),
    "liveNow": _("Live now"),
    "dashboard": _("Dashboard"),
    "health": _("Health"),
    # names.js and overlays.js
    "search": _("Search"),
    "more": _("More"),
    "closeMenu": _("Close the menu"),
    "menu": _("Menu"),
    "filters": _("Filters"),
    # kept.js
    "isKept": _("Nothing was sent yet. When you are through here, what was typed comes back."),
    "typedIsBack": _(
        "You were asked to sign in, so nothing was sent. What was typed is back: check and send it."
    ),
    "nothingSent": _("You were asked to sign in, so nothing was sent. Do it again."),
    # preview.js
    "noPlayer": _("The player could not be loaded."),
    "noSignature": _("There is no signature for this player ({status})."),
    "preview": _("Preview, muted"),
    "playing": _("Playing, muted. It stops when this page is hidden."),
    "waiting": _("Waiting for the stream …"),
    "loading": _("Loading …"),
    "noHls": _("This browser cannot play HLS."),
    "noAnswerOfStream": _("no answer"),
    "notPlaying": _("The stream does not play ({details})."),
    "streamAnswers": _("The stream answers {status}."),
    "stopped": _("Stopped."),
    "stoppedHidden": _("Stopped, because the page was hidden."),
    "otherUrl": _("The playback URL has changed. Play again."),
}


def texts() -> dict[str, str]:
    """The texts by their keys, in the language of the request."""
    return {key: str(text) for key, text in TEXTS.items()}
