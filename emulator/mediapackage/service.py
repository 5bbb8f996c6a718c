"""The embedded AWS Elemental MediaPackage (v1): channels and origin endpoints.

It enforces what StreamHub relies on: the caller chooses ids, which are unique in the region; endpoints are
deleted before their channel; a deletion is accepted at once (202) but complete only when describe answers
`NotFoundException`. A quota and a throttle have the same error code, as on AWS ("Creating an origin endpoint"
in the MediaPackage user guide); only the message differs.
"""

from __future__ import annotations

import re
from typing import Any

from emulator.base import Refusal, Service, World
from emulator.mediapackage.authorization import CdnIdentifiers
from emulator.mediapackage.packaging import (
    endpoint_config,
    kind_of,
    playback_url,
)
from emulator.mediapackage.records import (
    Channel,
    Endpoint,
    Params,
    invalid,
    missing,
    over_quota,
)
from emulator.paged_store import BadToken, PagedStore

ID_PATTERN = re.compile(r"[0-9a-zA-Z_-]{1,256}")
MAX_TAGS = 50
HEX = "0123456789abcdef"
TO_MEDIALIVE = "mediapackage_channel_unknown_to_medialive"
TO_ENDPOINTS = "mediapackage_channel_unknown_to_endpoints"
PAGE = 50  # AWS does not document its default page size


class MediaPackage(Service):
    """MediaPackage v1 of one region. `quotas` may change at any time."""

    name = "mediapackage"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.quotas = {"channels": 30, "endpoints_per_channel": 10}
        self.identifiers = CdnIdentifiers(world)
        self._channels: PagedStore[Channel] = PagedStore()
        self._endpoints: PagedStore[Endpoint] = PagedStore()

    # Channels

    def create_channel(self, params: Params) -> Params:
        """A new channel with the caller's `Id`; 422 if the `Id` is taken."""
        channel_id = _checked_id(params.get("Id"))
        if self._channels.find(channel_id):
            invalid(f"Channel with id {channel_id} already exists")
        if len(self._channels) >= self.quotas["channels"]:
            over_quota()
        token = self._hex(32)
        channel = Channel(
            id=channel_id,
            arn=self._arn("channels", token),
            host=self._host(),
            description=params.get("Description", ""),
            created_at=self._now(),
            ingest=[self._ingest(token, second) for second in (token, self._hex(32))],
            tags=dict(params.get("Tags") or {}),
        )
        self._channels.put(channel_id, channel)
        self.world.keep_unknown(TO_MEDIALIVE, channel_id)
        self.world.keep_unknown(TO_ENDPOINTS, channel_id)
        return channel.describe()

    def describe_channel(self, params: Params) -> Params:
        """The channel, also while it is being deleted."""
        return self._channel(params).describe()

    def list_channels(self, params: Params) -> Params:
        """All channels of the region, in pages."""
        return self._page("Channels", self._channels, params)

    def delete_channel(self, params: Params) -> Params:
        """Accept a deletion, also a repeated one; 422 while endpoints exist, even ones being deleted."""
        channel = self._channel(params)
        if len(channel.endpoints):
            invalid(f"Channel {channel.id} still has origin endpoints; delete them first")
        if not channel.deleting:
            channel.deleting = True
            self.world.after(self.world.durations.mediapackage_delete, lambda: self._forget_channel(channel))
        return {}

    # Origin endpoints

    def create_origin_endpoint(self, params: Params) -> Params:
        """A new endpoint on a channel, with a URL that stays for its lifetime."""
        endpoint_id = _checked_id(params.get("Id"))
        if self._endpoints.find(endpoint_id):
            invalid(f"OriginEndpoint with id {endpoint_id} already exists")
        channel = self._parent(params)
        config = endpoint_config(params)
        self.identifiers.check(params.get("Authorization"))
        if len(channel.endpoints) >= self.quotas["endpoints_per_channel"]:
            over_quota()
        endpoint = Endpoint(
            id=endpoint_id,
            arn=self._arn("origin_endpoints", self._hex(32)),
            url=playback_url(channel.host, self._hex(32), config),
            channel_id=channel.id,
            created_at=self._now(),
            config=config,
            tags=dict(params.get("Tags") or {}),
        )
        self._endpoints.put(endpoint_id, endpoint)
        channel.endpoints.put(endpoint_id, endpoint)
        return endpoint.describe()

    def describe_origin_endpoint(self, params: Params) -> Params:
        """The endpoint, also while it is being deleted."""
        return self._endpoint(params).describe()

    def list_origin_endpoints(self, params: Params) -> Params:
        """All endpoints, or those of one `ChannelId`; none if that channel does not exist."""
        channel_id = params.get("ChannelId")
        if channel_id is None:
            return self._page("OriginEndpoints", self._endpoints, params)
        channel = self._channels.find(channel_id)
        return self._page("OriginEndpoints", channel.endpoints if channel else PagedStore(), params)

    def update_origin_endpoint(self, params: Params) -> Params:
        """Replace an endpoint's configuration; neither its channel nor its tags change.

        AWS does not say what a setting becomes that is left out: here it gets its default.
        """
        endpoint = self._endpoint(params)
        if endpoint.deleting:
            invalid(f"OriginEndpoint {endpoint.id} is being deleted")
        config = endpoint_config(params)
        if (
            kind_of(config) != kind_of(endpoint.config)
            or config["ManifestName"] != endpoint.config["ManifestName"]
        ):
            invalid("The packaging and the manifest name of an endpoint are part of its URL")
        self.identifiers.check(params.get("Authorization"))
        endpoint.config = config
        return endpoint.describe()

    def delete_origin_endpoint(self, params: Params) -> Params:
        """Accept a deletion, also a repeated one."""
        endpoint = self._endpoint(params)
        if not endpoint.deleting:
            endpoint.deleting = True
            self.world.after(
                self.world.durations.mediapackage_delete, lambda: self._forget_endpoint(endpoint)
            )
        return {}

    # Tags

    def tag_resource(self, params: Params) -> Params:
        """Add or replace tags of a channel or an endpoint."""
        record, tags = self._tagged(params), params.get("Tags") or {}
        if len(record.tags | tags) > MAX_TAGS:
            invalid(f"A resource can carry at most {MAX_TAGS} tags")
        record.tags = record.tags | tags
        return {}

    def untag_resource(self, params: Params) -> Params:
        """Remove tags by their keys; one that is not there is no error."""
        record = self._tagged(params)
        record.tags = {key: value for key, value in record.tags.items() if key not in params["TagKeys"]}
        return {}

    def _tagged(self, params: Params) -> Channel | Endpoint:
        records: list[Channel | Endpoint] = [*self._channels, *self._endpoints]
        for record in records:
            if record.arn == params.get("ResourceArn"):
                return record
        missing(f"Resource {params.get('ResourceArn')} not found")

    # Outside of the API

    def has_channel(self, channel_id: str) -> bool:
        """Whether MediaLive may send to this channel: it exists and is not being deleted."""
        channel = self._channels.find(channel_id)
        known = channel is not None and not channel.deleting
        return known and not self.world.is_unknown(TO_MEDIALIVE, channel_id)

    def inventory(self) -> dict[str, list[Params]]:
        """All channels and endpoints; `deleting` marks those being deleted."""
        return {
            "channels": [
                {"id": record.id, "arn": record.arn, "tags": dict(record.tags), "deleting": record.deleting}
                for record in self._channels
            ],
            "origin_endpoints": [
                {
                    "id": record.id,
                    "arn": record.arn,
                    "channel_id": record.channel_id,
                    "url": record.url,
                    "tags": dict(record.tags),
                    "deleting": record.deleting,
                }
                for record in self._endpoints
            ],
        }

    def console(self, action: str, params: Params) -> Params:
        """Console actions: the keys of `actions`. Resources are named by `id`."""
        actions = {
            "delete_endpoint": self.delete_origin_endpoint,
            "edit_endpoint": self._console_edit_endpoint,
            "delete_channel": self._console_delete_channel,
            "create_foreign_channel": self._console_foreign_channel,
            "create_foreign_endpoint": self._console_foreign_endpoint,
            "set_channel_tags": lambda p: _set_tags(self._channel(p), p),
            "set_endpoint_tags": lambda p: _set_tags(self._endpoint(p), p),
            "put_secret": self._console_put_secret,
            "set_quota": self._console_set_quota,
        }
        if action not in actions:
            return super().console(action, params)
        return actions[action]({"Id": params.get("id"), **params})

    def _console_delete_channel(self, params: Params) -> Params:
        channel = self._channel(params)
        for endpoint in list(channel.endpoints):
            self._forget_endpoint(endpoint)
        return self.delete_channel(params)

    def _console_edit_endpoint(self, params: Params) -> Params:
        """Change some settings: {"changes": {"Origination": "DENY"}}."""
        present = self._endpoint(params).config
        return self.update_origin_endpoint({**present, "Id": params["Id"], **params["changes"]})

    def _console_foreign_channel(self, params: Params) -> Params:
        channel_id = params.get("id") or f"foreign-{self._hex(8)}"
        return self.create_channel({"Id": channel_id, "Tags": params.get("tags") or {}})

    def _console_foreign_endpoint(self, params: Params) -> Params:
        endpoint_id = params.get("id") or f"foreign-{self._hex(8)}"
        request: Params = {"Id": endpoint_id, "ChannelId": params.get("channel_id"), "HlsPackage": {}}
        return self.create_origin_endpoint({**request, "Tags": params.get("tags") or {}})

    def _console_put_secret(self, params: Params) -> Params:
        """A CDN identifier in Secrets Manager: {"value": …, "arn": of an existing one}; returns the ARN."""
        return {"arn": self.identifiers.put(params["value"], params.get("arn"))}

    def _console_set_quota(self, params: Params) -> Params:
        quotas = {name: int(value) for name, value in params.items() if name != "Id"}
        if unknown := set(quotas) - set(self.quotas):
            raise Refusal("InvalidConsoleParameters", f"There is no quota {', '.join(sorted(unknown))}.")
        self.quotas |= quotas
        return dict(self.quotas)

    # Internal

    def _channel(self, params: Params) -> Channel:
        return self._channels.find(params.get("Id") or "") or missing(f"Channel {params.get('Id')} not found")

    def _endpoint(self, params: Params) -> Endpoint:
        endpoint_id = params.get("Id") or ""
        return self._endpoints.find(endpoint_id) or missing(f"OriginEndpoint {endpoint_id} not found")

    def _parent(self, params: Params) -> Channel:
        """The channel of a new endpoint; 404 if unknown, as CloudFormation reports of AWS."""
        channel = self._channels.find(params.get("ChannelId") or "")
        if channel is None or self.world.is_unknown(TO_ENDPOINTS, channel.id):
            missing(f"Channel {params.get('ChannelId')} not found")
        if channel.deleting:
            invalid(f"Channel {channel.id} is being deleted")
        return channel

    def _page(self, key: str, store: PagedStore[Any], params: Params) -> Params:
        try:
            records, token = store.page(params.get("MaxResults") or PAGE, params.get("NextToken"))
        except BadToken:
            invalid("Invalid nextToken")
        return {key: [record.describe() for record in records], **({"NextToken": token} if token else {})}

    def _forget_channel(self, channel: Channel) -> None:
        self._channels.drop(channel.id)

    def _forget_endpoint(self, endpoint: Endpoint) -> None:
        if self._endpoints.find(endpoint.id) is not endpoint:
            return  # the console deleted it first
        self._endpoints.drop(endpoint.id)
        if channel := self._channels.find(endpoint.channel_id):
            channel.endpoints.drop(endpoint.id)

    def _ingest(self, first: str, second: str) -> dict[str, str]:
        return {
            "Id": second,
            "Url": f"https://{self._host()}/in/v2/{first}/{second}/channel",
            "Username": self._hex(32),
            "Password": self._hex(32),
        }

    def _arn(self, kind: str, token: str) -> str:
        return f"arn:aws:mediapackage:{self.world.region}:{self.world.account}:{kind}/{token}"

    def _host(self) -> str:
        return f"{self._hex(16)}.mediapackage.{self.world.region}.amazonaws.com"

    def _hex(self, length: int) -> str:
        return self.world.token(length, HEX)

    def _now(self) -> str:
        return self.world.clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")


def _set_tags(record: Channel | Endpoint, params: Params) -> Params:
    """Replace all tags of a resource by `tags`."""
    record.tags = {str(key): str(value) for key, value in params["tags"].items()}
    return {"tags": dict(record.tags)}


def _checked_id(value: Any) -> str:
    if not isinstance(value, str) or not ID_PATTERN.fullmatch(value):
        invalid("Id must consist of 1 to 256 letters, digits, hyphens and underscores")
    return value
