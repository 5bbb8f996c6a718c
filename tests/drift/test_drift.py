"""Drift: the comparison as a table of values, then the resolutions against the embedded AWS."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.utils import timezone

from channels_app import services
from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from distributions import services as distributions
from distributions.models import Distribution
from drift import services as drift
from drift.compare import compare
from drift.expected import Expected
from drift.models import DriftSighting
from drift.services import AwsResource, Finding, ResourceKind
from drift.tasks import drift_report
from drift.teardown import DescribedResource, next_step
from streamhub.access.actors import staff_actor
from streamhub.aws.cloudfront import CloudFront, DistributionSpec
from streamhub.aws.medialive import MediaLive
from streamhub.aws.ownership import NO_MARK, Mark, comment_marker, tags
from streamhub.errors import Forbidden, NotPossible
from streamhub.lifecycle.models import Job, Transition
from tests.scenarios import console_inputs
from tests.scenarios.actors import TESTER
from tests.scenarios.handing_over import hand_over
from tests.scenarios.rows import delete_rows
from tests.scenarios.stage import STACK, channel
from tests.scenarios.world import WorldUnderTest

WHO = TESTER
UID = "a" * 32
OURS = Mark("local", "channel", UID)

# --- the comparison ------------------------------------------------------------------------

ROW = Expected(
    kind=ResourceKind.ML_CHANNEL,
    model="channels_app.channel",
    pk=1,
    name="stage",
    owner=UID,
    aws_id="111",
    present=True,
    settled=True,
    facts={"state": "IDLE"},
    tags={"streamhub:owner": UID},
)
RESOURCE = AwsResource(
    ResourceKind.ML_CHANNEL, "111", OURS, {"state": "IDLE"}, {"streamhub:owner": UID, "own": "tag"}
)
TWIN = replace(RESOURCE, aws_id="222")
OTHERS = replace(RESOURCE, aws_id="333", mark=replace(OURS, environment="production"))


@pytest.mark.parametrize(
    ("rows", "resources", "expected"),
    [
        pytest.param([ROW], [RESOURCE], [], id="agree"),
        pytest.param([ROW], [], ["missing:ml_channel:111"], id="missing"),
        pytest.param([replace(ROW, settled=False)], [], [], id="missing while its row is in transition"),
        pytest.param([replace(ROW, present=False)], [], [], id="not expected, and missing"),
        pytest.param(
            [ROW],
            [replace(RESOURCE, facts={"state": "RUNNING"})],
            ["different:ml_channel:111"],
            id="another state",
        ),
        pytest.param(
            [replace(ROW, also={"state": ["STARTING"], "class": ["STANDARD"]})],
            [replace(RESOURCE, facts={"state": "STARTING"})],
            [],
            id="another state that is no difference",
        ),
        pytest.param(
            [replace(ROW, also={"state": ["STARTING"]})],
            [replace(RESOURCE, facts={"state": "RUNNING"})],
            ["different:ml_channel:111"],
            id="a third state",
        ),
        pytest.param(
            [replace(ROW, settled=False)],
            [replace(RESOURCE, facts={"state": "RUNNING"})],
            [],
            id="another state while its row is in transition",
        ),
        pytest.param(
            [ROW],
            [replace(RESOURCE, tags={}, mark=NO_MARK)],
            ["different:ml_channel:111"],
            id="our tag was taken away",
        ),
        pytest.param([ROW], [replace(RESOURCE, facts={}, being_deleted=True)], [], id="being deleted"),
        pytest.param([], [RESOURCE], ["orphan:ml_channel:111"], id="no row"),
        pytest.param([], [replace(RESOURCE, being_deleted=True)], [], id="no row, being deleted"),
        pytest.param([], [OTHERS], [], id="of another environment"),
        pytest.param([], [replace(RESOURCE, mark=NO_MARK)], [], id="not ours"),
        pytest.param([ROW], [RESOURCE, TWIN], ["duplicate:ml_channel:222"], id="a second one with its mark"),
        pytest.param([ROW], [TWIN], ["missing:ml_channel:111"], id="only the second one exists"),
        pytest.param(
            [replace(ROW, settled=False)],
            [RESOURCE, TWIN],
            [],
            id="a second one, in transition",
        ),
        pytest.param(
            [replace(ROW, settled=False)],
            [RESOURCE, replace(TWIN, facts={"state": "RUNNING"})],
            ["duplicate:ml_channel:222"],
            id="a second one that runs, in transition",
        ),
        pytest.param(
            [replace(ROW, aws_id="", present=False, settled=False)],
            [replace(RESOURCE, facts={"state": "RUNNING"})],
            [],
            id="one that runs, and a row without its id, in transition",
        ),
        pytest.param(
            [replace(ROW, aws_id="", present=False)],
            [RESOURCE],
            ["unclaimed:ml_channel:111"],
            id="a row without its id",
        ),
        pytest.param(
            [replace(ROW, aws_id="", present=False, settled=False)],
            [RESOURCE],
            [],
            id="a row without its id, in transition",
        ),
        pytest.param(
            [replace(ROW, kind=ResourceKind.INPUT)],
            [replace(RESOURCE, kind=ResourceKind.INPUT), RESOURCE],
            ["orphan:ml_channel:111"],
            id="the same id of another kind",
        ),
    ],
)
def test_rows_and_resources_give_the_expected_findings(
    rows: list[Expected], resources: list[AwsResource], expected: list[str]
) -> None:
    assert [finding.key for finding in compare(rows, resources, "local").findings] == expected


def test_foreign_resources_are_counted_and_never_named() -> None:
    result = compare([ROW], [RESOURCE, OTHERS, replace(RESOURCE, aws_id="444", mark=NO_MARK)], "local")
    assert (result.findings, result.foreign) == ((), {"ml_channel": 2})


def test_a_distribution_whose_comment_was_edited_is_different_and_not_foreign() -> None:
    row = replace(ROW, kind=ResourceKind.DISTRIBUTION, facts={"enabled": "True"}, tags={})
    resource = AwsResource(ResourceKind.DISTRIBUTION, "111", NO_MARK, {"enabled": "True"})
    result = compare([row], [resource], "local")
    assert result.foreign == {}
    assert "Comment" in result.findings[0].detail


# --- with AWS ------------------------------------------------------------------------------


def keys() -> list[str]:
    return [finding.key.rpartition(":")[0] for finding in drift.report().findings]


def only(difference: str) -> Finding:
    (match,) = (finding for finding in drift.report().findings if finding.difference == difference)
    return match


def report_and_let_an_hour_pass() -> None:
    drift.report()
    DriftSighting.objects.update(first_seen_at=timezone.now() - timedelta(minutes=61))


def run(*options: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("drift", *options, stdout=out)
    except SystemExit as exit:
        return int(str(exit.code)), out.getvalue()
    return 0, out.getvalue()


def test_a_settled_world_has_no_drift_and_reads_six_lists_and_the_tags_of_its_distribution(
    world: WorldUnderTest, stage: Channel
) -> None:
    assert drift.report().clean
    assert world.counts() == dict.fromkeys(
        (
            "cloudfront:ListDistributions",
            "cloudfront:ListTagsForResource",
            "medialive:ListChannels",
            "medialive:ListInputs",
            "medialive:ListInputSecurityGroups",
            "mediapackage:ListChannels",
            "mediapackage:ListOriginEndpoints",
        ),
        1,
    )
    assert run()[0] == 0


def test_going_on_air_and_detaching_are_no_drift(world: WorldUnderTest, stage: Channel) -> None:
    services.breakout_start(services.breakout_create(stage, "keynote", who=WHO), who=WHO)
    assert drift.report().clean
    world.settle()
    assert drift.report().clean
    services.breakout_stop(Breakout.objects.get(), who=WHO)
    world.settle()
    distributions.distribution_detach(Distribution.objects.get(), who=WHO)
    assert drift.report().clean
    world.settle()
    assert drift.report().clean


def test_a_missing_resource_is_found_and_repaired(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    finding = only("missing")
    assert (finding.kind, finding.name, finding.resolutions) == (ResourceKind.ENDPOINT, "stage", ("repair",))
    assert "again and repairs what it can" in drift.preview(finding, "repair")
    drift.resolve(finding, "repair", WHO)
    world.step_all()
    assert channel().error_code == "suspected_missing"
    world.settle()
    assert channel().error_code == "deleted_outside"
    assert Transition.objects.filter(who=WHO, why__startswith="drift: repair").exists()
    assert drift.report().clean  # the row shows it now


def test_a_different_resource_is_found_and_repaired(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("medialive", "start_channel", id=stage.ml_channel_id)
    finding = only("different")
    assert "state is RUNNING, not IDLE" in finding.detail
    drift.resolve(finding, "repair", WHO)
    world.settle()
    assert drift.report().clean
    assert world.counts()["medialive:StopChannel"] == 1


def test_a_tag_that_was_changed_outside_is_found_and_repaired(world: WorldUnderTest, stage: Channel) -> None:
    services.channel_tags_change(stage, {"team": "events"}, who=WHO)
    world.settle()
    [encoder] = world.control.inventory()["medialive"]["channels"]
    tags = {**encoder["tags"], "team": "somebody else's"}
    world.control.console("medialive", "set_channel_tags", id=encoder["id"], tags=tags)
    finding = only("different")
    assert "the tag team is missing or has another value" in finding.detail
    drift.resolve(finding, "repair", WHO)
    world.settle()
    [encoder] = world.control.inventory()["medialive"]["channels"]
    assert encoder["tags"]["team"] == "events"
    assert drift.report().clean


def distribution_tags(world: WorldUnderTest) -> dict[str, str]:
    return CloudFront(world.session).tags(Distribution.objects.get().arn)


def test_a_tag_of_a_distribution_is_found_and_repaired(world: WorldUnderTest, stage: Channel) -> None:
    """Its list has no tags, and its Comment carries our mark all the same."""
    row = Distribution.objects.get()
    theirs = {**distribution_tags(world), "team": "weather", "streamhub:resource": "theirs", "own": "1"}
    world.control.console("cloudfront", "set_tags", Id=row.aws_distribution_id, tags=theirs)
    finding = only("different")
    assert (finding.kind, finding.resolutions) == (ResourceKind.DISTRIBUTION, ("repair",))
    assert "the tag streamhub:resource is missing or has another value" in finding.detail
    assert "the tag team is missing or has another value" in finding.detail
    assert "Comment" not in finding.detail
    drift.resolve(finding, "repair", WHO)
    world.settle()
    tags = distribution_tags(world)
    assert (tags["team"], tags["streamhub:resource"], tags["own"]) == ("events", "distribution", "1")
    assert drift.report().clean


def test_the_tags_of_a_detached_distribution_are_not_read(world: WorldUnderTest, stage: Channel) -> None:
    distributions.distribution_detach(Distribution.objects.get(), who=WHO)
    world.settle()
    world.control.clear_calls()
    assert drift.report().clean
    assert "cloudfront:ListTagsForResource" not in world.counts()


def test_tags_that_cannot_be_read_are_said(world: WorldUnderTest, stage: Channel) -> None:
    world.control.fault("cloudfront:ListTagsForResource", "access_denied")
    report = drift.report()
    assert set(report.unread) == {"distribution"}
    assert "ListTagsForResource" in report.unread["distribution"].message
    assert report.findings == ()


def test_a_distribution_that_goes_while_its_tags_are_read_is_no_error(
    world: WorldUnderTest, stage: Channel
) -> None:
    world.control.fault("cloudfront:ListTagsForResource", "not_found")
    assert drift.report().clean


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(console_inputs.move_to_another_group, "security groups is", id="security groups"),
        pytest.param(
            console_inputs.rename_streams, "its stream names are not those of the row", id="streams"
        ),
        pytest.param(console_inputs.rename, "name is studio, not streamhub-", id="name"),
        pytest.param(console_inputs.attach_another, "inputs is", id="attachment"),
    ],
)
def test_an_edit_of_an_input_is_found_and_repaired(
    world: WorldUnderTest, stage: Channel, edit: Any, words: str
) -> None:
    edit(world)
    world.control.advance(60)
    finding = only("different")
    assert words in finding.detail
    assert "studio/" not in finding.detail, "whoever knows a stream name can push"
    drift.resolve(finding, "repair", WHO)
    world.settle()
    assert drift.report().findings == ()


def test_the_sources_of_an_input_are_compared_and_shown_to_nobody(world: WorldUnderTest) -> None:
    urls = ["https://media.example.com/live.m3u8?token=ours"]
    services.channel_create("pull", who=WHO, input_type="URL_PULL", source_urls=urls)
    world.settle()
    assert drift.report().clean
    console_inputs.edit(world, Sources=[{"Url": "https://eve.example.net/live.m3u8?token=hush"}])
    finding = only("different")
    assert finding.detail == "The MediaLive input of pull: its sources are not those of the row."
    drift.resolve(finding, "repair", WHO)
    world.settle()
    assert drift.report().clean
    [source] = console_inputs.described(world)["Sources"]
    assert source["Url"] == urls[0]


def test_what_was_handed_over_is_different_and_a_repair_changes_nothing(
    world: WorldUnderTest, stage: Channel
) -> None:
    hand_over(world)
    world.settle()
    findings = drift.report().findings
    assert {finding.kind for finding in findings} == set(ResourceKind)
    assert {finding.difference for finding in findings} == {"different"}
    for finding in findings:
        drift.resolve(finding, "repair", WHO)
    world.settle()
    writes = (":Delete", ":Update", ":TagResource", ":CreateTags")
    assert not [call for call in world.counts() if any(write in call for write in writes)]
    assert world.left() == STACK


def test_edits_of_a_distribution_from_outside_are_found(world: WorldUnderTest, stage: Channel) -> None:
    id = Distribution.objects.get().aws_distribution_id
    world.control.console("cloudfront", "edit", Id=id, changes={"Comment": "mine", "Enabled": False})
    detail = only("different").detail
    assert "enabled is False" in detail
    assert "Comment" in detail


def test_foreign_resources_are_only_counted(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("cloudfront", "create_foreign", count=2)
    world.control.console("medialive", "create_foreign_channel", tags=tags("production", "channel", UID))
    report = drift.report()
    assert report.findings == ()
    assert report.foreign == {"distribution": 2, "ml_channel": 1, "ml_input": 1}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (["1"], "7 is used by 1 input; delete it first."),
        (["1", "2"], "7 is used by 2 inputs; delete them first."),
    ],
)
def test_a_used_security_group_waits_for_its_inputs(inputs: list[str], expected: str) -> None:
    group = DescribedResource(ResourceKind.GROUP, "7", UID, SimpleNamespace(inputs=inputs))
    step = next_step(group)
    assert (step.sentence, step.writes) == (expected, False)


def test_every_orphan_is_found_and_torn_down_in_order_over_several_runs(
    world: WorldUnderTest, stage: Channel
) -> None:
    services.breakout_start(services.breakout_create(stage, "keynote", who=WHO), who=WHO)
    world.settle()
    delete_rows()
    world.control.console("cloudfront", "create_foreign", Enabled=False)
    assert set(keys()) == {f"orphan:{kind}" for kind in ResourceKind}
    report_and_let_an_hour_pass()
    world.control.clear_calls()
    for _ in range(8):
        run("--delete-orphans", "--yes")
    assert world.left() == {"cloudfront distributions": 1}
    assert run()[0] == 0
    assert world.illegal() == []
    assert not DriftSighting.objects.exists()
    calls = world.counts()
    assert {call: n for call, n in calls.items() if ":Delete" in call or ":Stop" in call} == {
        "medialive:StopChannel": 1,
        "medialive:DeleteChannel": 1,
        "medialive:DeleteInput": 1,
        "medialive:DeleteInputSecurityGroup": 1,
        "mediapackage:DeleteOriginEndpoint": 1,
        "mediapackage:DeleteChannel": 1,
        "cloudfront:DeleteDistribution": 1,
    }
    assert Transition.objects.filter(resource_type="distribution", resource_id=0).count() == 2


def test_a_dry_run_changes_nothing(world: WorldUnderTest, stage: Channel) -> None:
    delete_rows()
    report_and_let_an_hour_pass()
    before = world.control.inventory()
    code, output = run("--delete-orphans")
    assert (code, "Nothing was deleted" in output, "is disabled; another step" in output) == (1, True, True)
    assert world.control.inventory() == before


def test_nothing_younger_than_an_hour_is_deleted(world: WorldUnderTest, stage: Channel) -> None:
    delete_rows()
    findings = drift.report().findings
    assert all(not finding.resolutions and finding.wait_reason for finding in findings)
    with pytest.raises(NotPossible, match="can be deleted from"):
        drift.resolve(findings[0], "delete", WHO)
    DriftSighting.objects.all().delete()
    with pytest.raises(NotPossible, match="hour"):
        drift.resolve(findings[0], "delete", WHO)
    run("--delete-orphans", "--yes")
    assert world.left() == STACK


def test_the_age_counts_from_the_first_sighting_and_starts_again_after_an_absence(
    world: WorldUnderTest, stage: Channel
) -> None:
    delete_rows()
    report_and_let_an_hour_pass()
    assert all(finding.resolutions for finding in drift.report().findings)
    world.control.fault("cloudfront:ListDistributions", "error500", times=None)
    drift.report()
    assert DriftSighting.objects.filter(kind="distribution").exists()  # unread is not absent
    world.control.clear_faults()
    DriftSighting.objects.filter(kind="distribution").delete()
    assert only_kind(ResourceKind.DISTRIBUTION).wait_reason


def only_kind(kind: ResourceKind) -> Finding:
    (match,) = (finding for finding in drift.report().findings if finding.kind is kind)
    return match


def old_orphan(world: WorldUnderTest, kind: ResourceKind) -> Finding:
    delete_rows()
    report_and_let_an_hour_pass()
    return only_kind(kind)


def test_the_mark_is_read_again_before_a_deletion(world: WorldUnderTest, stage: Channel) -> None:
    finding = old_orphan(world, ResourceKind.DISTRIBUTION)
    world.control.console("cloudfront", "edit_comment", Id=finding.aws_id, Comment="taken over by hand")
    with pytest.raises(NotPossible, match="not ours"):
        drift.resolve(finding, "delete", WHO)


def test_a_copied_comment_alone_is_no_mark(world: WorldUnderTest) -> None:
    spec = DistributionSpec(
        caller_reference="by-hand",
        comment=comment_marker("local", UID, "a copy"),
        origin_url="https://origin.example.com/index.m3u8",
        price_class="PriceClass_100",
        response_headers_policy_id=None,
        key_group_id=None,
        tags={"made": "by hand"},
    )
    CloudFront(world.session).create(spec)
    report_and_let_an_hour_pass()
    with pytest.raises(NotPossible, match="not ours"):
        drift.resolve(only("orphan"), "delete", WHO)


def test_a_restored_row_protects_its_resource(world: WorldUnderTest, stage: Channel) -> None:
    saved = Distribution.objects.get()
    finding = old_orphan(world, ResourceKind.DISTRIBUTION)
    saved.aws_distribution_id = None
    saved.save(force_insert=True)
    with pytest.raises(NotPossible, match="same mark"):
        drift.resolve(finding, "delete", WHO)


def test_a_breakout_on_air_protects_its_distribution(world: WorldUnderTest, stage: Channel) -> None:
    finding = old_orphan(world, ResourceKind.DISTRIBUTION)
    services.channel_create("hall", who=WHO, allowed_cidrs=["203.0.113.7/32"])
    breakout = services.breakout_create(channel(), "keynote", who=WHO)
    Attachment.objects.create(breakout=breakout, aws_distribution_id=finding.aws_id)
    with pytest.raises(NotPossible, match="on air"):
        drift.resolve(finding, "delete", WHO)


def test_the_mediamanager_distribution_is_never_changed(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    finding = old_orphan(world, ResourceKind.DISTRIBUTION)
    settings.MEDIAMANAGER_DISTRIBUTION_ID = finding.aws_id
    assert "never changes it" in drift.resolve(finding, "delete", WHO)
    assert world.left()["cloudfront distributions"] == 1
    assert "cloudfront:UpdateDistribution" not in world.counts()


def test_deleting_a_resource_that_is_gone_says_so(world: WorldUnderTest, stage: Channel) -> None:
    finding = old_orphan(world, ResourceKind.ENDPOINT)
    world.control.console("mediapackage", "delete_endpoint", id=finding.aws_id)
    assert "already gone" in drift.resolve(finding, "delete", WHO)


def test_a_duplicate_is_deleted_and_the_rows_own_stays(world: WorldUnderTest, stage: Channel) -> None:
    group = SecurityGroup.objects.get()
    MediaLive(world.session).create_security_group(
        group.cidr_list, tags("local", "security-group", group.uid)
    )
    report_and_let_an_hour_pass()
    finding = only("duplicate")
    SecurityGroup.objects.update(claim_token="busy")
    with pytest.raises(NotPossible, match="in transition"):
        drift.resolve(finding, "delete", WHO)
    SecurityGroup.objects.update(claim_token=None)
    drift.resolve(finding, "delete", WHO)
    (remaining,) = world.control.inventory()["medialive"]["input_security_groups"]
    assert remaining["id"] == group.aws_id


def test_a_row_without_its_ids_adopts_the_resources_with_its_mark(
    world: WorldUnderTest, stage: Channel
) -> None:
    ours = Distribution.objects.get().aws_distribution_id
    Distribution.objects.update(aws_distribution_id=None, state="failed", error_code="x", not_before=None)
    Channel.objects.update(ml_input_id="", state="failed")
    for finding in drift.report().findings:
        assert finding.difference == "unclaimed"
        assert "as its own" in drift.preview(finding, "adopt")
        drift.resolve(finding, "adopt", WHO)
    world.settle()
    row = Distribution.objects.get()
    assert (row.aws_distribution_id, row.state, row.error_code) == (ours, "deployed", "")
    assert channel().ml_input_id == stage.ml_input_id
    assert not world.creates()


def test_adopt_is_refused_while_the_row_is_in_transition(world: WorldUnderTest, stage: Channel) -> None:
    Distribution.objects.update(aws_distribution_id=None, state="failed", not_before=None)
    finding = only("unclaimed")
    Distribution.objects.update(not_before=timezone.now())
    with pytest.raises(NotPossible, match="Read AWS again"):
        drift.resolve(finding, "adopt", WHO)


def test_only_the_resolutions_of_a_difference_are_possible(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    with pytest.raises(NotPossible, match="does not resolve"):
        drift.resolve(only("missing"), "delete", WHO)


def test_a_protected_distribution_is_neither_foreign_nor_different(world: WorldUnderTest) -> None:
    shared = world.control.console("cloudfront", "create_foreign")["Id"]
    Distribution.objects.create(
        aws_distribution_id=shared, origin_url="https://files.example.com/", protected=True, attached=False
    )
    report = drift.report()
    assert (report.findings, report.foreign, report.ours) == ((), {}, {})


def test_resolving_drift_needs_its_permission(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    ada = User.objects.create_user("ada")
    with pytest.raises(Forbidden):
        drift.resolve(only("missing"), "repair", staff_actor(ada))
    ada.user_permissions.set(Permission.objects.filter(codename="resolve_drift"))
    drift.resolve(only("missing"), "repair", staff_actor(User.objects.get()))
    assert Transition.objects.filter(who="staff:ada", why__startswith="drift: repair").exists()


def test_an_unread_list_gives_no_findings_of_its_kind(world: WorldUnderTest, stage: Channel) -> None:
    world.control.fault("medialive:ListChannels", "access_denied", times=None)
    report = drift.report()
    assert (report.findings, set(report.unread), report.clean) == ((), {"ml_channel"}, False)
    assert report.summary == "no drift in what was read; could not read: MediaLive channels"
    assert run()[0] == 2


def test_the_hourly_job_writes_sightings_and_counts_them(world: WorldUnderTest, stage: Channel) -> None:
    delete_rows()
    drift_report()
    assert Job.objects.get(name="drift").outcome == "orphan: 6"
    assert DriftSighting.objects.count() == 6
