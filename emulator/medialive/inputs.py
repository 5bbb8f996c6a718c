"""Inputs: where encoders push, or what MediaLive pulls.

A push input keeps its addresses for its lifetime ("Result of this procedure", RTMP push).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from emulator.medialive.groups import SecurityGroups
from emulator.medialive.records import GONE, PUSH_TYPES, Input, Params, bad_request, conflict
from emulator.medialive.store import QUICK

# The schemes and the endings of what each type pulls ("Supported input types and upstream systems").
HTTP, S3 = ("http", "https"), ("s3", "s3ssl")
PULLED = {
    "RTMP_PULL": (("rtmp",), ()),
    "URL_PULL": ((*HTTP, *S3, "mediastoressl"), ()),
    "MP4_FILE": ((*HTTP, *S3), (".mp4",)),
    "TS_FILE": ((*HTTP, *S3), (".ts", ".m2ts")),
}
PULL_TYPES = PULLED.keys() | {"SRT_CALLER"}
LATENCY = (120, 15_000)  # of SRT, in milliseconds
FLOW_TYPES = {"MEDIACONNECT"}
# The settings that only some types have.
SETTINGS_OF = {
    "InputSecurityGroups": PUSH_TYPES,
    "Destinations": {"RTMP_PUSH"},
    "Sources": PULLED.keys(),
    "SrtSettings": {"SRT_CALLER"},
    "MediaConnectFlows": FLOW_TYPES,
}


class Inputs(SecurityGroups):
    """The operations on inputs."""

    def create_input(self, params: Params) -> Params:
        """A new input, or the one created with this `RequestId`; CREATING, then DETACHED."""
        new_input = self._once(
            self._inputs, "input", params.get("RequestId"), lambda: self._new_input(params)
        )
        return {"Input": new_input.describe()}

    def describe_input(self, params: Params) -> Params:
        """The input. A deleted one is still described for a while, as DELETED."""
        return self._known(self._inputs, "Input", params.get("InputId")).describe()

    def list_inputs(self, params: Params) -> Params:
        """All inputs that are not deleted, in pages."""
        return self._page("Inputs", self._inputs, params)

    def update_input(self, params: Params) -> Params:
        """Replace the given settings at once; 409 unless every channel that uses the input is IDLE.

        Neither the type changes nor, while it is attached, the class ("Editing an input").
        """
        record = self._alive(self._inputs, "Input", params.get("InputId"))
        if record.state not in {"DETACHED", "ATTACHED"}:
            conflict(f"Input {record.id} cannot be updated: it is {record.state}")
        for channel_id in record.channels:
            self._check_idle(record, channel_id)
        for name, kinds in SETTINGS_OF.items():
            if params.get(name) and record.kind not in kinds:
                bad_request(f"An input of type {record.kind} has no {name}")
        self._edit(record, params)
        return {"Input": record.describe()}

    def _edit(self, record: Input, params: Params) -> None:
        given = {key: value for key, value in params.items() if value is not None}
        present = {
            "InputSecurityGroups": record.groups,
            "Sources": record.sources,
            "SrtSettings": {"SrtCallerSources": record.callers},
        }
        wanted = {**present, **given}
        groups = self._checked_groups(wanted, record.kind)
        sources, callers = _sources(wanted, record.kind), _srt_callers(wanted, record.kind)
        destinations = record.destinations
        if record.kind == "RTMP_PUSH" and "Destinations" in given:
            addresses = [destination["Ip"] for destination in destinations]
            names = _stream_names(given)
            new = [self._address() for _ in names[len(addresses) :]]
            destinations = [self._rtmp(ip, name) for ip, name in zip(addresses + new, names, strict=False)]
        flows = list(given.get("MediaConnectFlows", record.flows))
        input_class = _class_of(len(destinations or sources or callers or flows))
        if record.channels and input_class != record.input_class:
            bad_request(f"The class of input {record.id} cannot change while a channel uses it")
        self._regroup(record, groups)
        record.destinations, record.sources, record.callers, record.flows = (
            destinations,
            sources,
            callers,
            flows,
        )
        record.input_class = input_class
        record.name, record.role_arn = given.get("Name", record.name), given.get("RoleArn", record.role_arn)

    def _check_idle(self, record: Input, channel_id: str) -> None:
        channel = self._channels.find(channel_id)
        if channel is not None and channel.state != "IDLE":
            conflict(
                f"Input {record.id} cannot be updated: channel {channel_id} uses it and is {channel.state}. "
                "Stop the channel first."
            )

    def delete_input(self, params: Params) -> Params:
        """Accept a deletion; 409 unless DETACHED."""
        record = self._alive(self._inputs, "Input", params.get("InputId"))
        if record.state != "DETACHED":
            reason = f"attached to channel {', '.join(record.channels)}" if record.channels else record.state
            conflict(f"Input {record.id} cannot be deleted: it is {reason}")
        record.state = "DELETING"
        self.world.after(self.world.durations.medialive_input_delete, lambda: self._input_gone(record))
        return {}

    def _new_input(self, params: Params) -> Input:
        kind = params.get("Type")
        if kind not in PUSH_TYPES | PULL_TYPES | FLOW_TYPES:
            bad_request(f"Invalid input type: {kind}")
        groups = self._checked_groups(params, kind)
        destinations, sources = self._destinations(params, kind), _sources(params, kind)
        callers = _srt_callers(params, kind)
        flows = list(params.get("MediaConnectFlows") or [])
        quota = "push_inputs" if kind in PUSH_TYPES else "pull_inputs"
        self._check_quota(quota, self._input_counts[quota])
        input_id = self._new_id(self._inputs)
        new_input = Input(
            id=input_id,
            arn=self._arn("input", input_id),
            state="CREATING",
            tags=dict(params.get("Tags") or {}),
            name=params.get("Name", ""),
            kind=kind,
            groups=[],
            destinations=destinations,
            sources=sources,
            flows=flows,
            callers=callers,
            role_arn=params.get("RoleArn", ""),
            input_class=_class_of(len(destinations or sources or callers or flows)),
        )
        self._inputs.put(input_id, new_input)
        self._input_counts[quota] += 1
        self._regroup(new_input, groups)
        self.world.after(QUICK, lambda: self._input_ready(new_input))
        return new_input

    def _input_ready(self, record: Input) -> None:
        if record.state == "CREATING":
            record.state = "DETACHED"

    def _input_gone(self, record: Input) -> None:
        self._regroup(record, [])
        self._input_counts["push_inputs" if record.kind in PUSH_TYPES else "pull_inputs"] -= 1
        self._retire(self._inputs, record)

    def _input_attached(self, input_id: str, channel_id: str) -> None:
        record = self._inputs.find(input_id)
        if record and channel_id not in record.channels:
            record.channels = [*record.channels, channel_id]
            record.state = "ATTACHED"

    def _input_detached(self, input_id: str, channel_id: str) -> None:
        record = self._inputs.find(input_id)
        if record and channel_id in record.channels:
            left = [other for other in record.channels if other != channel_id]
            record.channels = left
            record.state = "ATTACHED" if left else "DETACHED"

    def _input_error(self, input_id: str, channel_class: str, own: str = "") -> str | None:
        """Why this input cannot be attached to a channel of this class, or None. `own`: that channel's id."""
        record = self._inputs.find(input_id)
        if record is None or record.state in GONE:
            return f'Input "{input_id}" was not found'
        if [other for other in record.channels if other != own]:
            return f'Input "{input_id}" is already attached to channel {", ".join(record.channels)}'
        if channel_class == "STANDARD" and record.input_class != "STANDARD":
            return (
                f'Input "{input_id}" is of class {record.input_class}: a STANDARD channel needs two sources'
            )
        return None

    def _checked_groups(self, params: Params, kind: str) -> list[str]:
        groups = list(params.get("InputSecurityGroups") or [])
        if kind in PUSH_TYPES and not groups and not params.get("Vpc"):
            bad_request(f"An input of type {kind} needs an input security group")
        for group_id in groups:
            group = self._groups.find(group_id)
            if group is None or group.state == "DELETED":
                bad_request(f"Input security group {group_id} not found")
        return groups

    def _regroup(self, record: Input, groups: list[str]) -> None:
        for group_id in record.groups:
            self._group_used(group_id, record.id, used=False)
        for group_id in groups:
            self._group_used(group_id, record.id, used=True)
        record.groups = groups

    def _destinations(self, params: Params, kind: str) -> list[dict[str, str]]:
        """The ingest URLs: one per stream name for RTMP, always two for RTP and UDP."""
        if kind == "RTMP_PUSH":
            return [self._rtmp(self._address(), name) for name in _stream_names(params)]
        if kind in PUSH_TYPES:
            scheme = kind.removesuffix("_PUSH").lower()
            addresses = (self._address(), self._address())
            return [{"Ip": ip, "Port": "5000", "Url": f"{scheme}://{ip}:5000"} for ip in addresses]
        return []

    @staticmethod
    def _rtmp(ip: str, name: str) -> dict[str, str]:
        return {"Ip": ip, "Port": "1935", "Url": f"rtmp://{ip}:1935/{name}"}


def _class_of(ways_in: int) -> str:
    return "STANDARD" if ways_in == 2 else "SINGLE_PIPELINE"


def _stream_names(params: Params) -> list[str]:
    names = [destination.get("StreamName") or "" for destination in params.get("Destinations") or []]
    if len(names) not in {1, 2} or not all(names):
        bad_request("An RTMP_PUSH input needs one or two destinations, each with a stream name")
    return names


def _sources(params: Params, kind: str) -> list[Params]:
    if kind not in PULLED:
        return []
    if params.get("Destinations"):
        bad_request(f"An input of type {kind} has no destinations")
    sources = list(params.get("Sources") or [])
    if len(sources) not in {1, 2}:
        bad_request(f"An input of type {kind} needs one or two sources")
    for source in sources:
        _check_url(source.get("Url") or "", kind)
        if bool(source.get("Username")) != bool(source.get("PasswordParam")):
            bad_request("A source has a username and a password parameter, or neither")
    return sources


def _check_url(text: str, kind: str) -> None:
    """400 for what is no URL, or not one that this type pulls. urlsplit removes line breaks, AWS does not."""
    schemes, endings = PULLED[kind]
    url = urlsplit(text)
    written = all("!" <= character <= "~" for character in text)
    if not written or not url.netloc or url.scheme not in schemes:
        bad_request(f"Invalid URL ({text[:200]}) specified for inputSource")
    if endings and not url.path.lower().endswith(endings):
        bad_request(f"Invalid URL ({text[:200]}): an input of type {kind} pulls {' or '.join(endings)} files")


def _srt_callers(params: Params, kind: str) -> list[Params]:
    callers = list((params.get("SrtSettings") or {}).get("SrtCallerSources") or [])
    if kind != "SRT_CALLER":
        return []
    if params.get("Sources") or len(callers) not in {1, 2}:
        bad_request("An input of type SRT_CALLER needs one or two SRT caller sources, and no other sources")
    for caller in callers:
        port, latency = caller.get("SrtListenerPort") or "", caller.get("MinimumLatency", LATENCY[0])
        if not caller.get("SrtListenerAddress") or not (port.isdigit() and 0 < int(port) < 65536):
            bad_request("An SRT caller source needs the address and the port of the listener")
        if not LATENCY[0] <= latency <= LATENCY[1]:
            bad_request(f"The minimum latency must be between {LATENCY[0]} and {LATENCY[1]}")
    return callers
