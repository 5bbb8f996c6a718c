"""Inputs: where encoders push, or what MediaLive pulls.

The addresses of a push input stay for its lifetime ("Result of this procedure", RTMP push).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from emulator.medialive.groups import SecurityGroups
from emulator.medialive.records import GONE, PUSH_TYPES, Input, Params, bad_request, conflict
from emulator.medialive.store import QUICK

PULL_TYPES = {"URL_PULL", "RTMP_PULL", "MP4_FILE", "TS_FILE"}
FLOW_TYPES = {"MEDIACONNECT"}


class Inputs(SecurityGroups):
    """The operations on inputs."""

    def create_input(self, params: Params) -> Params:
        """A new input, or the one that this `RequestId` made before; CREATING, then soon DETACHED."""
        made = self._once(self._inputs, "input", params.get("RequestId"), lambda: self._made_input(params))
        return {"Input": made.describe()}

    def describe_input(self, params: Params) -> Params:
        """The input; `State` may be DELETED for a while."""
        return self._known(self._inputs, "Input", params.get("InputId")).describe()

    def list_inputs(self, params: Params) -> Params:
        """Inputs that are not deleted, page by page."""
        return self._page("Inputs", self._inputs, params)

    def delete_input(self, params: Params) -> Params:
        """Accept a deletion; 409 while attached, still being made, or already on its way out."""
        one = self._alive(self._inputs, "Input", params.get("InputId"))
        if one.state != "DETACHED":
            reason = f"attached to channel {', '.join(one.channels)}" if one.channels else one.state
            conflict(f"Input {one.id} cannot be deleted: it is {reason}")
        one.state = "DELETING"
        self.world.after(self.world.durations.medialive_input_delete, lambda: self._input_gone(one))
        return {}

    def _made_input(self, params: Params) -> Input:
        kind = params.get("Type")
        if kind not in PUSH_TYPES | PULL_TYPES | FLOW_TYPES:
            bad_request(f"Invalid input type: {kind}")
        groups = self._checked_groups(params, kind)
        destinations, sources = self._destinations(params, kind), _sources(params, kind)
        flows = list(params.get("MediaConnectFlows") or [])
        quota = "push_inputs" if kind in PUSH_TYPES else "pull_inputs"
        self._check_quota(quota, self._input_counts[quota])
        key = self._new_id(self._inputs)
        made = Input(
            id=key,
            arn=self._arn("input", key),
            state="CREATING",
            tags=dict(params.get("Tags") or {}),
            name=params.get("Name", ""),
            kind=kind,
            groups=[],
            destinations=destinations,
            sources=sources,
            flows=flows,
            role_arn=params.get("RoleArn", ""),
            input_class=_class_of(len(destinations or sources or flows)),
        )
        self._inputs.put(key, made)
        self._input_counts[quota] += 1
        self._regroup(made, groups)
        self.world.after(QUICK, lambda: self._input_ready(made))
        return made

    def _input_ready(self, one: Input) -> None:
        if one.state == "CREATING":
            one.state = "DETACHED"

    def _input_gone(self, one: Input) -> None:
        self._regroup(one, [])
        self._input_counts["push_inputs" if one.kind in PUSH_TYPES else "pull_inputs"] -= 1
        self._retire(self._inputs, one)

    def _input_attached(self, key: str, channel_id: str) -> None:
        one = self._inputs.find(key)
        if one and channel_id not in one.channels:
            one.channels = [*one.channels, channel_id]
            one.state = "ATTACHED"

    def _input_detached(self, key: str, channel_id: str) -> None:
        one = self._inputs.find(key)
        if one and channel_id in one.channels:
            left = [other for other in one.channels if other != channel_id]
            one.channels = left
            one.state = "ATTACHED" if left else "DETACHED"

    def _input_fault(self, key: str, channel_class: str) -> str | None:
        """Why this input cannot be attached to a channel of this class, or None."""
        one = self._inputs.find(key)
        if one is None or one.state in GONE:
            return f'Input "{key}" was not found'
        if one.channels:
            return f'Input "{key}" is already attached to channel {", ".join(one.channels)}'
        if channel_class == "STANDARD" and one.input_class != "STANDARD":
            return f'Input "{key}" is of class {one.input_class}: a STANDARD channel needs two sources'
        return None

    def _checked_groups(self, params: Params, kind: str) -> list[str]:
        groups = list(params.get("InputSecurityGroups") or [])
        if kind in PUSH_TYPES and not groups and not params.get("Vpc"):
            bad_request(f"An input of type {kind} needs an input security group")
        for key in groups:
            found = self._groups.find(key)
            if found is None or found.state == "DELETED":
                bad_request(f"Input security group {key} not found")
        return groups

    def _regroup(self, one: Input, groups: list[str]) -> None:
        for key in one.groups:
            self._group_used(key, one.id, used=False)
        for key in groups:
            self._group_used(key, one.id, used=True)
        one.groups = groups

    def _destinations(self, params: Params, kind: str) -> list[dict[str, str]]:
        """The ingest URLs: RTMP has one per stream name, RTP and UDP always have two."""
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
    names = [one.get("StreamName") or "" for one in params.get("Destinations") or []]
    if len(names) not in {1, 2} or not all(names):
        bad_request("An RTMP_PUSH input needs one or two destinations, each with a stream name")
    return names


def _sources(params: Params, kind: str) -> list[Params]:
    if kind not in PULL_TYPES:
        return []
    sources = list(params.get("Sources") or [])
    if len(sources) not in {1, 2}:
        bad_request(f"An input of type {kind} needs one or two sources")
    for one in sources:
        url = urlsplit(one.get("Url") or "")
        if not url.scheme or not url.netloc:
            bad_request(f"Invalid URL ({one.get('Url') or ''}) specified for inputSource")
    return sources
