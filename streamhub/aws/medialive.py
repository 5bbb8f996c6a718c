"""MediaLive: input security groups, inputs, channels ("AWS Elemental MediaLive API", AWS_RULES 15 to 22).

Start, stop and delete are accepted at once and take effect later: describe to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from streamhub.aws.channel_request import STANDARD, ChannelSpec, channel_request
from streamhub.aws.input_sources import sources_params
from streamhub.aws.medialive_answers import (
    DELETED,
    ChannelInfo,
    InputInfo,
    SecurityGroupInfo,
    channel_info,
    input_info,
    security_group_info,
)
from streamhub.aws.paging import ListPage, pages_of
from streamhub.aws.session import AwsSession
from streamhub.errors import Refused

__all__ = [
    "DELETED",
    "ChannelInfo",
    "ChannelSpec",
    "InputInfo",
    "ListPage",
    "MediaLive",
    "SecurityGroupInfo",
]

PAGE_SIZE = 100
# Parameters of CreateChannel that UpdateChannel lacks.
FIXED = ("RequestId", "ChannelClass", "Tags")

T = TypeVar("T")


class MediaLive:
    """Security groups, inputs and channels of one AWS session. Each method is one call."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    # --- input security groups ---------------------------------------------------------------

    def prepay_security_group(self) -> None:
        """Take the turn of `create_security_group` before the list that shows whether it is needed.

        Raises NotSent.
        """
        self._session.prepay("medialive", "CreateInputSecurityGroup")

    def create_security_group(self, cidrs: Sequence[str], tags: Mapping[str, str]) -> SecurityGroupInfo:
        """CreateInputSecurityGroup. It takes no token: list and compare our tags first (AWS_RULES 16)."""
        rules = [{"Cidr": cidr} for cidr in cidrs]
        response, request_id = self._call("CreateInputSecurityGroup", WhitelistRules=rules, Tags=dict(tags))
        return security_group_info(response["SecurityGroup"], request_id)

    def describe_security_group(self, id: str) -> SecurityGroupInfo:
        """DescribeInputSecurityGroup. Raises NotFound."""
        return security_group_info(*self._call("DescribeInputSecurityGroup", InputSecurityGroupId=id))

    def security_group_pages(self, start: str | None = None) -> Iterator[ListPage[SecurityGroupInfo]]:
        """ListInputSecurityGroups, all of the region."""
        return self._pages("ListInputSecurityGroups", "InputSecurityGroups", security_group_info, start)

    def update_security_group(self, id: str, cidrs: Sequence[str]) -> SecurityGroupInfo:
        """UpdateInputSecurityGroup: replaces the rules. Raises Conflict, NotFound."""
        rules = [{"Cidr": cidr} for cidr in cidrs]
        call = self._call("UpdateInputSecurityGroup", InputSecurityGroupId=id, WhitelistRules=rules)
        response, request_id = call
        return security_group_info(response["SecurityGroup"], request_id)

    def delete_security_group(self, id: str) -> str | None:
        """DeleteInputSecurityGroup. Returns the request id. Raises Conflict while inputs use it, NotFound."""
        return self._call("DeleteInputSecurityGroup", InputSecurityGroupId=id)[1]

    # --- inputs ------------------------------------------------------------------------------

    def create_input(
        self,
        request_id_token: str,
        name: str,
        type: str,
        *,
        security_group_ids: Sequence[str] = (),
        destinations: Sequence[str] = (),
        source_urls: Sequence[str] = (),
        credentials: tuple[str, str] | None = None,
        input_class: str = "SINGLE_PIPELINE",
        tags: Mapping[str, str],
        role_arn: str | None = None,
    ) -> InputInfo:
        """CreateInput. The same token returns the same input (AWS_RULES 16).

        `destinations` are the stream names (`application/instance`) of an RTMP_PUSH input, one ingest
        URL each; `source_urls` are what another input pulls, `srt://host:port?streamid=…` for SRT_CALLER;
        `credentials` are the user name and the name of the password's parameter in the Parameter Store. AWS
        derives the input's class from their number. Raises Refused if `input_class` is STANDARD and only one
        is given (AWS_RULES 19).
        """
        if input_class == STANDARD and len(destinations or source_urls) == 1:
            raise Refused(
                "A STANDARD channel runs two pipelines, so its input needs two destinations or source URLs.",
                operation="medialive:CreateInput",
            )
        params: dict[str, Any] = {
            "RequestId": request_id_token,
            "Name": name,
            "Type": type,
            "Tags": dict(tags),
        }
        if security_group_ids:
            params["InputSecurityGroups"] = list(security_group_ids)
        if destinations:
            params["Destinations"] = _stream_names(destinations)
        params |= sources_params(type, source_urls, credentials)
        if role_arn:
            params["RoleArn"] = role_arn
        response, request_id = self._call("CreateInput", **params)
        return input_info(response["Input"], request_id)

    def describe_input(self, id: str) -> InputInfo:
        """DescribeInput. Raises NotFound."""
        return input_info(*self._call("DescribeInput", InputId=id))

    def input_pages(self, start: str | None = None) -> Iterator[ListPage[InputInfo]]:
        """ListInputs, all of the region."""
        return self._pages("ListInputs", "Inputs", input_info, start)

    def update_input(
        self,
        id: str,
        *,
        name: str,
        type: str,
        security_group_ids: Sequence[str] | None = None,
        destinations: Sequence[str] = (),
        source_urls: Sequence[str] = (),
        credentials: tuple[str, str] | None = None,
    ) -> InputInfo:
        """UpdateInput: the name and the other settings that are given, in the form of `create_input`.

        Raises Conflict while its channel is not idle, Refused, NotFound (AWS_RULES 46).
        """
        params: dict[str, Any] = {"InputId": id, "Name": name}
        if security_group_ids is not None:
            params["InputSecurityGroups"] = list(security_group_ids)
        if destinations:
            params["Destinations"] = _stream_names(destinations)
        params |= sources_params(type, source_urls, credentials)
        response, request_id = self._call("UpdateInput", **params)
        return input_info(response["Input"], request_id)

    def delete_input(self, id: str) -> str | None:
        """DeleteInput. Returns the request id. Raises Conflict while attached, NotFound (AWS_RULES 17)."""
        return self._call("DeleteInput", InputId=id)[1]

    # --- channels ----------------------------------------------------------------------------

    def create_channel(self, spec: ChannelSpec) -> ChannelInfo:
        """CreateChannel. The same token returns the same channel (AWS_RULES 16).

        Raises Refused for an unknown input or MediaPackage channel and for an invalid role ARN,
        Retryable(after) while IAM has not propagated the role (AWS_RULES 18), QuotaExceeded.
        """
        response, request_id = self._call("CreateChannel", **channel_request(spec))
        return channel_info(response["Channel"], request_id)

    def update_channel(self, id: str, spec: ChannelSpec) -> ChannelInfo:
        """UpdateChannel: all settings but class, tags and token, which an update cannot change.

        Raises Conflict while it runs, Refused, NotKnownYet, NotFound (AWS_RULES 15).
        """
        request = channel_request(spec)
        settings = {name: request[name] for name in request if name not in FIXED}
        response, request_id = self._call("UpdateChannel", ChannelId=id, **settings)
        return channel_info(response["Channel"], request_id)

    def attach_input(self, id: str, spec: ChannelSpec) -> ChannelInfo:
        """UpdateChannel with the attachment of `spec` and its role alone: the input that the channel reads.

        Without the role AWS would take it away (AWS_RULES 47). Raises Conflict while the channel is not idle,
        Refused, NotFound (AWS_RULES 15).
        """
        request = channel_request(spec)
        settings = {name: request[name] for name in ("InputAttachments", "RoleArn")}
        response, request_id = self._call("UpdateChannel", ChannelId=id, **settings)
        return channel_info(response["Channel"], request_id)

    def describe_channel(self, id: str) -> ChannelInfo:
        """DescribeChannel. Raises NotFound."""
        return channel_info(*self._call("DescribeChannel", ChannelId=id))

    def channel_pages(self, start: str | None = None) -> Iterator[ListPage[ChannelInfo]]:
        """ListChannels, all of the region."""
        return self._pages("ListChannels", "Channels", channel_info, start)

    def start_channel(self, id: str) -> ChannelInfo:
        """StartChannel. Raises Conflict if it is not IDLE, NotFound (AWS_RULES 15)."""
        return channel_info(*self._call("StartChannel", ChannelId=id))

    def stop_channel(self, id: str) -> ChannelInfo:
        """StopChannel. Raises Conflict if it is not RUNNING or STARTING, NotFound (AWS_RULES 15)."""
        return channel_info(*self._call("StopChannel", ChannelId=id))

    def switch_input(self, id: str, action: str, attachment: str) -> str | None:
        """BatchUpdateSchedule: read this attachment now. `action` names it, once in the channel's schedule.

        Returns the request id. Raises Refused if the name is taken or the channel has no such attachment,
        NotFound (AWS_RULES 52).
        """
        switch = {
            "ActionName": action,
            "ScheduleActionStartSettings": {"ImmediateModeScheduleActionStartSettings": {}},
            "ScheduleActionSettings": {"InputSwitchSettings": {"InputAttachmentNameReference": attachment}},
        }
        creates = {"ScheduleActions": [switch]}
        return self._call("BatchUpdateSchedule", ChannelId=id, Creates=creates)[1]

    def schedule_has(self, id: str, action: str) -> bool:
        """DescribeSchedule: whether an action of this name is in the channel's schedule. Raises NotFound."""
        params: dict[str, Any] = {"ChannelId": id, "MaxResults": PAGE_SIZE}
        while True:
            response, _ = self._call("DescribeSchedule", **params)
            if any(each.get("ActionName") == action for each in response.get("ScheduleActions") or ()):
                return True
            if not response.get("NextToken"):
                return False
            params["NextToken"] = response["NextToken"]

    def restart_pipelines(self, id: str, pipelines: Sequence[int]) -> str | None:
        """RestartChannelPipelines. Returns the request id. Raises Conflict unless it runs, NotFound."""
        names = [f"PIPELINE_{number}" for number in pipelines]
        return self._call("RestartChannelPipelines", ChannelId=id, PipelineIds=names)[1]

    def set_maintenance(self, id: str, day: str, start: str, role_arn: str) -> ChannelInfo:
        """UpdateChannel with another weekly maintenance window: a day, and an hour such as `04:00` in UTC.

        `role_arn`: the channel's role, which AWS would take away without it (AWS_RULES 47). Raises Conflict
        while it is not idle, NotFound, Refused (AWS_RULES 15, 40).
        """
        settings = {
            "Maintenance": {"MaintenanceDay": day, "MaintenanceStartTime": start},
            "RoleArn": role_arn,
        }
        response, request_id = self._call("UpdateChannel", ChannelId=id, **settings)
        return channel_info(response["Channel"], request_id)

    def delete_channel(self, id: str) -> ChannelInfo:
        """DeleteChannel. Raises Conflict while it is running, NotFound (AWS_RULES 17)."""
        return channel_info(*self._call("DeleteChannel", ChannelId=id))

    def change_tags(self, arn: str, tags: Mapping[str, str], removed: Sequence[str]) -> str | None:
        """CreateTags, then DeleteTags if keys are to be removed. Both can be repeated.

        Returns the last request id. Raises NotFound, Refused.
        """
        request_id = self._call("CreateTags", ResourceArn=arn, Tags=dict(tags))[1]
        if removed:
            request_id = self._call("DeleteTags", ResourceArn=arn, TagKeys=list(removed))[1]
        return request_id

    # --- shared ------------------------------------------------------------------------------

    def _call(self, operation: str, **params: Any) -> tuple[dict[str, Any], str | None]:
        return self._session.call("medialive", operation, **params)

    def _pages(
        self,
        operation: str,
        key: str,
        read: Callable[[Mapping[str, Any], str | None], T],
        start: str | None,
    ) -> Iterator[ListPage[T]]:
        def fetch(token: str | None) -> tuple[tuple[T, ...], str | None, str | None]:
            params = {"MaxResults": PAGE_SIZE} | ({"NextToken": token} if token else {})
            response, request_id = self._call(operation, **params)
            items = tuple(read(item, request_id) for item in response.get(key, []))
            return items, response.get("NextToken"), request_id

        return pages_of(fetch, start)


def _stream_names(streams: Sequence[str]) -> list[dict[str, str]]:
    return [{"StreamName": stream} for stream in streams]
