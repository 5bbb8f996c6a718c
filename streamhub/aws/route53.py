"""Route 53: the records of one name, and changes of them that name what was read.

A change deletes the records as they were read and creates the new ones, in one batch, which Route 53 carries
out as a whole or not at all ("ChangeResourceRecordSets"). So what somebody else changed meanwhile is never
overwritten: the batch is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamhub.aws.session import AwsSession

# The hosted zone of all distributions ("AliasTarget").
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
REGION = "us-east-1"
ADDRESSES = ("A", "AAAA")
MARK_TTL = 300

RecordSet = Mapping[str, Any]


@dataclass(frozen=True)
class NameRecords:
    """The record sets of one name, as read."""

    name: str
    sets: tuple[RecordSet, ...] = ()

    @property
    def points_to(self) -> str:
        """The domain that all of its address records point to; "": none, or not all to the same."""
        addresses = [_target(each) for each in self.sets if each["Type"] in ADDRESSES]
        same = len(addresses) == len(ADDRESSES) and len(set(addresses)) == 1
        return addresses[0] if same else ""

    @property
    def routes(self) -> bool:
        """Whether the name leads anywhere."""
        return any(each["Type"] in (*ADDRESSES, "CNAME") for each in self.sets)

    def leads_to(self, domain: str) -> bool:
        """Whether one of its address records points to the domain."""
        return any(_target(each) == domain for each in self.sets if each["Type"] in ADDRESSES)

    def carries(self, mark: str) -> bool:
        """Whether one of its TXT values is the mark."""
        return any(_quoted(mark) in _values(each) for each in self.sets if each["Type"] == "TXT")


class Route53:
    """Records of one AWS session."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def zone_name(self, zone_id: str) -> str:
        """GetHostedZone: the domain of a zone, without the last dot. Raises Refused if there is none."""
        response, _request_id = self._session.call("route53", "GetHostedZone", REGION, Id=zone_id)
        return str(response["HostedZone"]["Name"]).rstrip(".")

    def records(self, zone_id: str, name: str) -> NameRecords:
        """ListResourceRecordSets from this name on: its own. Raises Refused without such a zone."""
        response, _request_id = self._session.call(
            "route53",
            "ListResourceRecordSets",
            REGION,
            HostedZoneId=zone_id,
            StartRecordName=name,
            MaxItems="20",
        )
        own = [each for each in response["ResourceRecordSets"] if each["Name"].rstrip(".") == name]
        return NameRecords(name, tuple(own))

    def point(self, zone_id: str, found: NameRecords, domain: str, mark: str) -> str | None:
        """Point the name to a distribution's domain, and mark it. Returns the request id.

        Raises Conflict if the records are not as `found` any more, or if they do not belong into the zone.
        """
        old = [each for each in found.sets if each["Type"] in ADDRESSES]
        new = [_address(found.name, kind, domain) for kind in ADDRESSES]
        if not found.carries(mark):
            kept = [each for each in found.sets if each["Type"] == "TXT"]
            old += kept
            others = [value for each in kept for value in _values(each)]
            new += [_text(found.name, [*others, _quoted(mark)])]
        return self._change(zone_id, old, new)

    def clear(self, zone_id: str, found: NameRecords, mark: str) -> str | None:
        """Delete its address records and the mark. What else it has stays. Raises Conflict as `point`."""
        old = [each for each in found.sets if each["Type"] in (*ADDRESSES, "TXT")]
        texts = [value for each in old if each["Type"] == "TXT" for value in _values(each)]
        others = [value for value in texts if value != _quoted(mark)]
        return self._change(zone_id, old, [_text(found.name, others)] if others else [])

    def _change(self, zone_id: str, old: Sequence[RecordSet], new: Sequence[RecordSet]) -> str | None:
        """ChangeResourceRecordSets."""
        changes = [{"Action": "DELETE", "ResourceRecordSet": dict(each)} for each in old]
        changes += [{"Action": "CREATE", "ResourceRecordSet": dict(each)} for each in new]
        _response, request_id = self._session.call(
            "route53",
            "ChangeResourceRecordSets",
            REGION,
            HostedZoneId=zone_id,
            ChangeBatch={"Comment": "StreamHub", "Changes": changes},
        )
        return request_id


def _target(record: RecordSet) -> str:
    return str(record.get("AliasTarget", {}).get("DNSName", "")).rstrip(".")


def _values(record: RecordSet) -> list[str]:
    return [str(each["Value"]) for each in record.get("ResourceRecords", [])]


def _quoted(text: str) -> str:
    """A TXT value as Route 53 writes it."""
    return f'"{text}"'


def _address(name: str, kind: str, domain: str) -> RecordSet:
    target = {"HostedZoneId": CLOUDFRONT_ZONE, "DNSName": domain, "EvaluateTargetHealth": False}
    return {"Name": name, "Type": kind, "AliasTarget": target}


def _text(name: str, values: Sequence[str]) -> RecordSet:
    return {
        "Name": name,
        "Type": "TXT",
        "TTL": MARK_TTL,
        "ResourceRecords": [{"Value": value} for value in values],
    }
