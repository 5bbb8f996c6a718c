"""Drift: the comparison as a table of values, then the verbs against the embedded AWS."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO
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
from drift.services import Finding, Found, ResourceKind
from drift.tasks import drift_report
from streamhub.access.actors import staff_actor
from streamhub.aws.cloudfront import CloudFront, DistributionSpec
from streamhub.aws.medialive import MediaLive
from streamhub.aws.ownership import NO_MARK, Mark, comment_marker, tags
from streamhub.errors import Forbidden, NotPossible
from streamhub.lifecycle.models import Job, Transition
from tests.scenarios.actors import TESTER
from tests.scenarios.rows import forget_rows
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
THERE = Found(ResourceKind.ML_CHANNEL, "111", OURS, {"state": "IDLE"}, {"streamhub:owner": UID, "own": "tag"})
TWIN = replace(THERE, aws_id="222")
OTHERS = replace(THERE, aws_id="333", mark=replace(OURS, environment="production"))


@pytest.mark.parametrize(
    ("rows", "found", "expected"),
    [
        pytest.param([ROW], [THERE], [], id="agree"),
        pytest.param([ROW], [], ["missing:ml_channel:111"], id="missing"),
        pytest.param([replace(ROW, settled=False)], [], [], id="missing while its row moves"),
        pytest.param([replace(ROW, present=False)], [], [], id="not to be there, and is not"),
        pytest.param(
            [ROW],
            [replace(THERE, facts={"state": "RUNNING"})],
            ["different:ml_channel:111"],
            id="another state",
        ),
        pytest.param(
            [replace(ROW, settled=False)],
            [replace(THERE, facts={"state": "RUNNING"})],
            [],
            id="another state while its row moves",
        ),
        pytest.param(
            [ROW],
            [replace(THERE, tags={}, mark=NO_MARK)],
            ["different:ml_channel:111"],
            id="our tag was taken away",
        ),
        pytest.param([ROW], [replace(THERE, facts={}, going=True)], [], id="going"),
        pytest.param([], [THERE], ["orphan:ml_channel:111"], id="no row"),
        pytest.param([], [replace(THERE, going=True)], [], id="no row, and going"),
        pytest.param([], [OTHERS], [], id="of another environment"),
        pytest.param([], [replace(THERE, mark=NO_MARK)], [], id="not ours"),
        pytest.param([ROW], [THERE, TWIN], ["duplicate:ml_channel:222"], id="a second one with its mark"),
        pytest.param([ROW], [TWIN], ["missing:ml_channel:111"], id="only the second one is there"),
        pytest.param([replace(ROW, settled=False)], [THERE, TWIN], [], id="a second one while its row moves"),
        pytest.param(
            [replace(ROW, aws_id="", present=False)],
            [THERE],
            ["unclaimed:ml_channel:111"],
            id="a row that does not know it",
        ),
        pytest.param(
            [replace(ROW, aws_id="", present=False, settled=False)],
            [THERE],
            [],
            id="a row that does not know it and moves",
        ),
        pytest.param(
            [replace(ROW, kind=ResourceKind.INPUT)],
            [replace(THERE, kind=ResourceKind.INPUT), THERE],
            ["orphan:ml_channel:111"],
            id="the same id of another kind",
        ),
    ],
)
def test_the_comparison(rows: list[Expected], found: list[Found], expected: list[str]) -> None:
    assert [each.key for each in compare(rows, found, "local").findings] == expected


def test_foreign_resources_are_counted_and_never_named() -> None:
    result = compare([ROW], [THERE, OTHERS, replace(THERE, aws_id="444", mark=NO_MARK)], "local")
    assert (result.findings, result.foreign) == ((), {"ml_channel": 2})


def test_a_distribution_whose_comment_was_edited_is_different_and_not_foreign() -> None:
    row = replace(ROW, kind=ResourceKind.DISTRIBUTION, facts={"enabled": "True"}, tags={})
    found = Found(ResourceKind.DISTRIBUTION, "111", NO_MARK, {"enabled": "True"})
    result = compare([row], [found], "local")
    assert result.foreign == {}
    assert "Comment" in result.findings[0].detail


# --- with AWS ------------------------------------------------------------------------------


def keys() -> list[str]:
    return [each.key.rpartition(":")[0] for each in drift.report().findings]


def only(problem: str) -> Finding:
    (finding,) = (each for each in drift.report().findings if each.problem == problem)
    return finding


def grow_old() -> None:
    drift.report()
    DriftSighting.objects.update(first_seen_at=timezone.now() - timedelta(minutes=61))


def run(*options: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("drift", *options, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_a_settled_world_has_no_drift_and_asks_six_lists(world: WorldUnderTest, stage: Channel) -> None:
    assert drift.report().clean
    assert set(world.counts()) == {
        "cloudfront:ListDistributions",
        "medialive:ListChannels",
        "medialive:ListInputs",
        "medialive:ListInputSecurityGroups",
        "mediapackage:ListChannels",
        "mediapackage:ListOriginEndpoints",
    }
    assert run()[0] == 0


def test_on_air_and_detached_are_no_drift(world: WorldUnderTest, stage: Channel) -> None:
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


def test_what_is_missing_is_found_and_repaired(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    finding = only("missing")
    assert (finding.kind, finding.name, finding.verbs) == (ResourceKind.ENDPOINT, "stage", ("repair",))
    assert "looks at" in drift.preview(finding, "repair")
    drift.act(finding, "repair", WHO)
    world.step_all()
    assert channel().error_code == "suspected_missing"
    world.settle()
    assert channel().error_code == "deleted_outside"
    assert Transition.objects.filter(who=WHO, why__startswith="drift: repair").exists()
    assert drift.report().clean  # it stands on the row now


def test_what_is_different_is_found_and_repaired(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("medialive", "start_channel", id=stage.ml_channel_id)
    finding = only("different")
    assert "state is RUNNING, not IDLE" in finding.detail
    drift.act(finding, "repair", WHO)
    world.settle()
    assert drift.report().clean
    assert world.counts()["medialive:StopChannel"] == 1


def test_edits_of_a_distribution_are_found(world: WorldUnderTest, stage: Channel) -> None:
    id = Distribution.objects.get().aws_distribution_id
    world.control.console("cloudfront", "edit", Id=id, changes={"Comment": "mine", "Enabled": False})
    detail = only("different").detail
    assert "enabled is False" in detail
    assert "Comment" in detail


def test_foreign_resources_are_only_counted(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("cloudfront", "create_foreign", count=2)
    world.control.console("medialive", "create_foreign_channel", tags=tags("production", "channel", UID))
    found = drift.report()
    assert found.findings == ()
    assert found.foreign == {"distribution": 2, "ml_channel": 1, "ml_input": 1}


def test_every_orphan_is_found_and_taken_down_in_order_over_several_runs(
    world: WorldUnderTest, stage: Channel
) -> None:
    services.breakout_start(services.breakout_create(stage, "keynote", who=WHO), who=WHO)
    world.settle()
    forget_rows()
    world.control.console("cloudfront", "create_foreign", Enabled=False)
    assert set(keys()) == {f"orphan:{kind}" for kind in ResourceKind}
    grow_old()
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
    forget_rows()
    grow_old()
    before = world.control.inventory()
    code, said = run("--delete-orphans")
    assert (code, "Nothing was done" in said, "is disabled; another step" in said) == (1, True, True)
    assert world.control.inventory() == before


def test_nothing_younger_than_an_hour_is_deleted(world: WorldUnderTest, stage: Channel) -> None:
    forget_rows()
    findings = drift.report().findings
    assert all(not each.verbs and each.waits for each in findings)
    with pytest.raises(NotPossible, match="can be deleted from"):
        drift.act(findings[0], "delete", WHO)
    DriftSighting.objects.all().delete()
    with pytest.raises(NotPossible, match="hour"):
        drift.act(findings[0], "delete", WHO)
    run("--delete-orphans", "--yes")
    assert world.left() == STACK


def test_the_age_counts_from_the_first_sight_and_anew_after_an_absence(
    world: WorldUnderTest, stage: Channel
) -> None:
    forget_rows()
    grow_old()
    assert all(each.verbs for each in drift.report().findings)
    world.control.fault("cloudfront:ListDistributions", "error500", times=None)
    drift.report()
    assert DriftSighting.objects.filter(kind="distribution").exists()  # unread is not absent
    world.control.clear_faults()
    DriftSighting.objects.filter(kind="distribution").delete()
    assert only_kind(ResourceKind.DISTRIBUTION).waits


def only_kind(kind: ResourceKind) -> Finding:
    (finding,) = (each for each in drift.report().findings if each.kind is kind)
    return finding


def old_orphan(world: WorldUnderTest, kind: ResourceKind) -> Finding:
    forget_rows()
    grow_old()
    return only_kind(kind)


def test_the_mark_is_read_again_just_before(world: WorldUnderTest, stage: Channel) -> None:
    finding = old_orphan(world, ResourceKind.DISTRIBUTION)
    world.control.console("cloudfront", "edit_comment", Id=finding.aws_id, Comment="taken over by hand")
    with pytest.raises(NotPossible, match="not ours"):
        drift.act(finding, "delete", WHO)


def test_a_copied_comment_is_not_a_mark(world: WorldUnderTest) -> None:
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
    grow_old()
    with pytest.raises(NotPossible, match="not ours"):
        drift.act(only("orphan"), "delete", WHO)


def test_a_row_that_came_back_protects_its_resource(world: WorldUnderTest, stage: Channel) -> None:
    saved = Distribution.objects.get()
    finding = old_orphan(world, ResourceKind.DISTRIBUTION)
    saved.aws_distribution_id = None
    saved.save(force_insert=True)
    with pytest.raises(NotPossible, match="same mark"):
        drift.act(finding, "delete", WHO)


def test_a_breakout_on_air_protects_its_distribution(world: WorldUnderTest, stage: Channel) -> None:
    finding = old_orphan(world, ResourceKind.DISTRIBUTION)
    services.channel_create("hall", who=WHO, allowed_cidrs=["203.0.113.7/32"])
    breakout = services.breakout_create(channel(), "keynote", who=WHO)
    Attachment.objects.create(breakout=breakout, aws_distribution_id=finding.aws_id)
    with pytest.raises(NotPossible, match="on air"):
        drift.act(finding, "delete", WHO)


def test_the_mediamanager_distribution_is_never_touched(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    finding = old_orphan(world, ResourceKind.DISTRIBUTION)
    settings.MEDIAMANAGER_DISTRIBUTION_ID = finding.aws_id
    assert "never touched" in drift.act(finding, "delete", WHO)
    assert world.left()["cloudfront distributions"] == 1
    assert "cloudfront:UpdateDistribution" not in world.counts()


def test_what_is_gone_by_now_is_said_so(world: WorldUnderTest, stage: Channel) -> None:
    finding = old_orphan(world, ResourceKind.ENDPOINT)
    world.control.console("mediapackage", "delete_endpoint", id=finding.aws_id)
    assert "gone already" in drift.act(finding, "delete", WHO)


def test_a_duplicate_goes_and_the_rows_own_stays(world: WorldUnderTest, stage: Channel) -> None:
    group = SecurityGroup.objects.get()
    MediaLive(world.session).create_security_group(
        group.cidr_list, tags("local", "security-group", group.uid)
    )
    grow_old()
    finding = only("duplicate")
    SecurityGroup.objects.update(claim_token="busy")
    with pytest.raises(NotPossible, match="on its way"):
        drift.act(finding, "delete", WHO)
    SecurityGroup.objects.update(claim_token=None)
    drift.act(finding, "delete", WHO)
    (left,) = world.control.inventory()["medialive"]["input_security_groups"]
    assert left["id"] == group.aws_id


def test_a_row_that_lost_its_ids_adopts_what_carries_its_mark(world: WorldUnderTest, stage: Channel) -> None:
    ours = Distribution.objects.get().aws_distribution_id
    Distribution.objects.update(aws_distribution_id=None, state="failed", error_code="x", not_before=None)
    Channel.objects.update(ml_input_id="", state="failed")
    for finding in drift.report().findings:
        assert finding.problem == "unclaimed"
        assert "as its own" in drift.preview(finding, "adopt")
        drift.act(finding, "adopt", WHO)
    world.settle()
    row = Distribution.objects.get()
    assert (row.aws_distribution_id, row.state, row.error_code) == (ours, "deployed", "")
    assert channel().ml_input_id == stage.ml_input_id
    assert not world.creates()


def test_adopt_is_refused_once_the_row_moves(world: WorldUnderTest, stage: Channel) -> None:
    Distribution.objects.update(aws_distribution_id=None, state="failed", not_before=None)
    finding = only("unclaimed")
    Distribution.objects.update(not_before=timezone.now())
    with pytest.raises(NotPossible, match="look again"):
        drift.act(finding, "adopt", WHO)


def test_only_the_verbs_of_a_problem_are_possible(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    with pytest.raises(NotPossible, match="cannot be mended"):
        drift.act(only("missing"), "delete", WHO)


def test_a_protected_distribution_is_neither_foreign_nor_different(world: WorldUnderTest) -> None:
    shared = world.control.console("cloudfront", "create_foreign")["Id"]
    Distribution.objects.create(
        aws_distribution_id=shared, origin_url="https://files.example.com/", protected=True, attached=False
    )
    found = drift.report()
    assert (found.findings, found.foreign, found.ours) == ((), {}, {})


def test_only_those_who_may_mend_drift_can_act(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    ada = User.objects.create_user("ada")
    with pytest.raises(Forbidden):
        drift.act(only("missing"), "repair", staff_actor(ada))
    ada.user_permissions.set(Permission.objects.filter(codename="resolve_drift"))
    drift.act(only("missing"), "repair", staff_actor(User.objects.get()))
    assert Transition.objects.filter(who="staff:ada", why__startswith="drift: repair").exists()


def test_a_list_that_cannot_be_read_says_nothing_about_its_kind(
    world: WorldUnderTest, stage: Channel
) -> None:
    world.control.fault("medialive:ListChannels", "access_denied", times=None)
    found = drift.report()
    assert (found.findings, set(found.unread), found.clean) == ((), {"ml_channel"}, False)
    assert found.summary == "no drift in what was read; could not read: MediaLive channels"
    assert run()[0] == 2


def test_the_hourly_job_records_and_counts(world: WorldUnderTest, stage: Channel) -> None:
    forget_rows()
    drift_report()
    assert Job.objects.get(name="drift").outcome == "6 orphan"
    assert DriftSighting.objects.count() == 6
