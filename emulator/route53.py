"""Route 53: hosted zones that the console makes, and their records.

Pages: "ChangeResourceRecordSets", "ListResourceRecordSets", "Quotas". A batch is carried out as a whole or
not at all; a DELETE needs exactly the values that are there, a CREATE that nothing is.
"""

from __future__ import annotations

from typing import Any

from .base import Refusal, Service, World

CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
PAGE = 300
Key = tuple[str, str]  # name with its last dot, type


class Route53(Service):
    name = "route53"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.zones: dict[str, str] = {}  # id -> domain with its last dot
        self.records: dict[str, dict[Key, dict[str, Any]]] = {}  # by the zone's id

    def get_hosted_zone(self, params: dict[str, Any]) -> dict[str, Any]:
        zone_id = self._zone(params["Id"])
        return {
            "HostedZone": {
                "Id": f"/hostedzone/{zone_id}",
                "Name": self.zones[zone_id],
                "CallerReference": f"made-by-hand-{zone_id}",
                "ResourceRecordSetCount": len(self.records[zone_id]),
            },
            "DelegationSet": {"NameServers": ["ns-1.awsdns-01.org"]},
        }

    def list_resource_record_sets(self, params: dict[str, Any]) -> dict[str, Any]:
        """In the order of the names with their labels reversed, from StartRecordName on."""
        records = self.records[self._zone(params["HostedZoneId"])]
        size = min(int(params.get("MaxItems", PAGE)), PAGE)
        start = _order((_dotted(params.get("StartRecordName", "")), params.get("StartRecordType", "")))
        keys = sorted((key for key in records if _order(key) >= start), key=_order)
        more = keys[size:]
        page: dict[str, Any] = {
            "ResourceRecordSets": [records[key] for key in keys[:size]],
            "IsTruncated": bool(more),
            "MaxItems": str(size),
        }
        return page | ({"NextRecordName": more[0][0], "NextRecordType": more[0][1]} if more else {})

    def change_resource_record_sets(self, params: dict[str, Any]) -> dict[str, Any]:
        zone_id = self._zone(params["HostedZoneId"])
        records = dict(self.records[zone_id])
        for change in params["ChangeBatch"]["Changes"]:
            self._apply(zone_id, records, change["Action"], change["ResourceRecordSet"])
        _check_cnames(records)
        self.records[zone_id] = records
        now = self.world.clock.now()
        return {
            "ChangeInfo": {"Id": f"/change/C{self.world.token(13)}", "Status": "PENDING", "SubmittedAt": now}
        }

    def _apply(
        self, zone_id: str, records: dict[Key, dict[str, Any]], action: str, given: dict[str, Any]
    ) -> None:
        record = {**given, "Name": _dotted(given["Name"])}
        if "AliasTarget" in record:
            target = record["AliasTarget"]
            record["AliasTarget"] = {**target, "DNSName": _dotted(target["DNSName"])}
        key = (record["Name"], record["Type"])
        what = f"[name='{key[0]}', type='{key[1]}']"
        if not key[0].endswith("." + self.zones[zone_id]) and key[0] != self.zones[zone_id]:
            raise _invalid(f"RRSet with DNS name {key[0]} is not permitted in zone {self.zones[zone_id]}")
        _check_shape(record)
        if action == "CREATE" and key in records:
            raise _invalid(f"Tried to create resource record set {what} but it already exists")
        if action == "DELETE" and key not in records:
            raise _invalid(f"Tried to delete resource record set {what} but it was not found")
        if action == "DELETE" and records[key] != record:
            raise _invalid(
                f"Tried to delete resource record set {what} but the values provided do not match the "
                "current values"
            )
        if action == "DELETE":
            del records[key]
        else:
            records[key] = record

    def _zone(self, zone_id: str) -> str:
        zone_id = zone_id.rpartition("/")[2]
        if zone_id not in self.zones:
            # Nobody can know it without asking.
            raise Refusal("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}", 404, illegal=False)
        return zone_id

    def console(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """`create_zone`: {"Name": …, "Id"?: …}; `delete_zone`: {"Id": …}; `set_record`, `delete_record`."""
        if action == "create_zone":
            zone_id = params.get("Id") or f"Z{self.world.token(13)}"
            self.zones[zone_id], self.records[zone_id] = _dotted(params["Name"]), {}
            return {"Id": zone_id}
        if action == "delete_zone":
            del self.zones[params["Id"]], self.records[params["Id"]]
            return {}
        if action in ("set_record", "delete_record"):
            records = self.records[params["Id"]]
            if action == "delete_record":
                del records[(_dotted(params["Name"]), params["Type"])]
            else:
                self._apply(params["Id"], records, "UPSERT", params["record"])
            return {}
        return super().console(action, params)

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "records": [
                {"zone": zone_id, **record}
                for zone_id, each in self.records.items()
                for record in each.values()
            ]
        }


def _invalid(message: str) -> Refusal:
    # A lost race is no broken rule: whoever names what it read cannot know what changed since.
    raced = "not match" in message or "not found" in message or "already exists" in message
    return Refusal("InvalidChangeBatch", f"[{message}]", 400, illegal=not raced)


def _check_shape(record: dict[str, Any]) -> None:
    alias, plain = "AliasTarget" in record, "ResourceRecords" in record
    if alias == plain or plain != ("TTL" in record):
        raise _invalid("Invalid request: a record has AliasTarget, or TTL and ResourceRecords")
    target = record.get("AliasTarget", {})
    of_cloudfront = target.get("DNSName", "").endswith(".cloudfront.net.")
    if of_cloudfront and target["HostedZoneId"] != CLOUDFRONT_ZONE:
        raise _invalid("Tried to create an alias that targets a name of another zone")
    for each in record.get("ResourceRecords", []):
        if record["Type"] == "TXT" and not (each["Value"].startswith('"') and each["Value"].endswith('"')):
            raise _invalid("InvalidCharacterString (Value should be enclosed in quotation marks)")


def _check_cnames(records: dict[Key, dict[str, Any]]) -> None:
    for name, kind in records:
        if kind == "CNAME" and any(other == name and type_ != kind for other, type_ in records):
            raise _invalid(f"RRSet of type CNAME with DNS name {name} is not permitted beside others")


def _dotted(name: str) -> str:
    return name.lower().rstrip(".") + "."


def _order(key: Key) -> tuple[list[str], str]:
    return list(reversed(key[0].rstrip(".").split("."))), key[1]
