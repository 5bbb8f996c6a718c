"""What pages say where no channel and no breakout is yet: what is done first."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from channels_app.guards import channel as guards
from channels_app.models import Channel
from channels_app.models.channel import Desired
from channels_app.services import channel_situation
from streamhub.console.empty import Empty, first_step


def no_channel(request: HttpRequest) -> Empty:
    """The calendar has a row for each channel."""
    text = _("Each channel has its shows here. Add the first channel, then plan a breakout on it.")
    url, icon = reverse("admin:channels_app_channel_add"), "settings_input_antenna"
    title = _("There are no channels yet.")
    return first_step(request, title, text, "channels_app.add_channel", url, _("Add channel"), icon)


def deleted_channel(all_channels: str) -> Empty:
    """The calendar of one channel which has no row any more. `all_channels`: the address without it."""
    text = _("Its shows stand in the breakouts' list.")
    title = _("This channel was deleted.")
    return Empty(title, text, all_channels, _("All channels"), icon="event_busy")


def nothing_on_air(request: HttpRequest) -> Empty:
    """A show needs a breakout, and a breakout needs a channel."""
    if not Channel.objects.exclude(desired=Desired.DELETED).exists():
        return no_channel(request)
    text = _("A show appears here when its breakout is started. Plan one, or start one that is planned.")
    url = reverse("admin:channels_app_breakout_add")
    title = _("Nothing is on air.")
    return first_step(request, title, text, "channels_app.add_breakout", url, _("Add breakout"), "podcasts")


def no_breakout(request: HttpRequest, channel: Channel) -> Empty:
    """On the page of a channel."""
    text = _("A breakout is one live session on it. Plan the first, and start it when the show begins.")
    url = f"{reverse('admin:channels_app_breakout_add')}?channel={channel.pk}"
    title = _("No breakout is planned on it, and none was held.")
    if refusal := guards.refusal("create-breakout", channel_situation(channel)):
        return Empty(title, refusal, icon="podcasts")
    return first_step(request, title, text, "channels_app.add_breakout", url, _("Add breakout"), "podcasts")
