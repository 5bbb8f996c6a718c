"""What a decision about a channel depends on: its intent, and what is known of its parts on AWS."""

from __future__ import annotations

from dataclasses import dataclass, field

from channels_app.decide.steps import Step


@dataclass(frozen=True)
class Part:
    """One AWS resource of a channel.

    `known`: its id is on the row; `sent`: a create was sent; `state`: MediaLive's own state name;
    `deleting`: our delete was accepted recently; `gone`: proven not to exist any more; `handed_over`: it
    exists and carries no mark of ours any more.
    """

    known: bool = False
    sent: bool = False
    state: str = ""
    deleting: bool = False
    gone: bool = False
    handed_over: bool = False

    @property
    def present(self) -> bool:
        return self.known and not self.gone

    @property
    def unresolved(self) -> bool:
        return self.sent and not self.known


@dataclass(frozen=True)
class Intent:
    desired: str
    state: str


@dataclass(frozen=True)
class Observed:
    """What is known of a channel's parts.

    `group`: "none" (not needed), "waiting" or "ready". `distribution_elsewhere`: the attached distribution
    pulls from an earlier endpoint. `endpoint_closed`: its settings keep CloudFront out. `start_accepted`: AWS
    accepted a start and RUNNING was not seen since.
    `start_settling`, `stop_settling`: accepted so recently that a read may still show the earlier state.
    `suspected`: AWS answered NotFound once for a part; `ml_channel_suspected`: for the MediaLive channel.
    `refused`: the step whose refusal the row shows.
    `tags_due`: a part does not have the tags as they are now. `maintenance_due`: the maintenance window may
    disturb a planned show.
    `input_changed`: somebody changed the input's settings; `attachment_changed`: the MediaLive channel reads
    other inputs; `input_untold`: one of them, and the timelines do not say it yet.
    `stop_confirmed`: a person wants the MediaLive channel stopped although it was handed over.
    `authorization_due`: the endpoint is not closed, or open, as is wanted; `distribution_untold`: it is, and
    the distribution does not know it. `settings_due`: MediaLive's channel is to get the present settings.
    `update_wanted`: a person wants our settings sent to the MediaLive channel. `encoder_edited`: they were
    edited. `input_edited`: the input is to get another security group; `edit_waits`: which AWS does not have
    yet, and nothing is known that would keep it from it.
    `second_wanted`: there is to be a second input, and AWS has not refused another one; `second_untold`: it
    was deleted outside StreamHub, and the timelines do not say it yet. `switch_wanted`, `restart_wanted`: a
    person wants MediaLive to read another input, or its pipelines restarted.
    """

    mp_channel: Part = field(default_factory=Part)
    endpoint: Part = field(default_factory=Part)
    input: Part = field(default_factory=Part)
    second: Part = field(default_factory=Part)
    ml_channel: Part = field(default_factory=Part)
    group: str = "ready"
    distribution_due: bool = False
    distribution_elsewhere: bool = False
    endpoint_closed: bool = False
    input_changed: bool = False
    attachment_changed: bool = False
    input_untold: bool = False
    start_accepted: bool = False
    start_settling: bool = False
    stop_settling: bool = False
    suspected: bool = False
    ml_channel_suspected: bool = False
    tags_due: bool = False
    refused: Step | None = None
    maintenance_due: bool = False
    stop_confirmed: bool = False
    authorization_due: bool = False
    distribution_untold: bool = False
    settings_due: bool = False
    update_wanted: bool = False
    encoder_edited: bool = False
    input_edited: bool = False
    edit_waits: bool = False
    second_wanted: bool = False
    second_untold: bool = False
    switch_wanted: bool = False
    restart_wanted: bool = False

    @property
    def handed_over(self) -> bool:
        """Whether any part was handed over: then StreamHub changes none of them."""
        parts = (self.mp_channel, self.endpoint, self.input, self.second, self.ml_channel)
        return any(part.handed_over for part in parts)
