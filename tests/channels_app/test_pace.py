"""How many calls creates, deletions and starts take, in simulated time at AWS's own pace.

Durations are drawn by the embedded AWS; StreamHub does not know them. The bars are those of
docs/performance.md.
"""

from __future__ import annotations

from typing import Any

import pytest

from channels_app import services
from channels_app.models import Channel
from distributions.tasks import delete_stale_distributions
from streamhub.lifecycle.models import Duration
from tests.scenarios.actors import TESTER
from tests.scenarios.pacing import Simulation, reads, total
from tests.scenarios.world import WorldUnderTest, own_aws

# Long enough that no complete list is read in between: what is counted is caused by the rows.
NEVER = 100_000
FULL = 300
STARTS = 6


@pytest.fixture
def simulation(world: WorldUnderTest, settings: Any) -> Simulation:
    """An empty account but for one channel with the shared security group, and no history."""
    simulation = Simulation(world, settings, full=NEVER)
    simulation.at_once(lambda: simulation.create(1))
    Duration.objects.all().delete()
    return simulation


def test_a_stack_takes_five_writes_and_few_looks(simulation: Simulation) -> None:
    taken = [simulation.create(1) for _ in range(4)]
    counts = [total(calls) for calls, _ in taken]
    assert max(counts) <= 12
    assert sum(counts) / 4 <= 10
    assert all(total(calls) - total(reads(calls)) == 5 for calls, _ in taken)
    assert sum(ratio for _, ratio in taken) / 4 < 1.3


def test_twenty_stacks_at_once_share_their_looks(simulation: Simulation) -> None:
    calls, _ = simulation.create(20)
    assert total(calls) <= 6 * 20
    assert sum(n for name, n in calls.items() if ":List" in name) <= 20


def test_a_deletion_takes_twelve_calls_beside_complete_lists(simulation: Simulation) -> None:
    """The lists are read without it too. The first one comes before AWS is done with any of its parts."""
    (row,) = Channel.objects.all()
    simulation.at_once(lambda: simulation.create(1))  # the group is shared, so it stays
    simulation.settings.FULL_OBSERVE_SECONDS = FULL
    simulation.without_looks(0)
    simulation.jump(FULL / 2)
    calls, seconds = simulation.delete([row], delete_stale_distributions)
    lists = {name: n for name, n in calls.items() if ":List" in name}
    assert max(lists.values()) <= seconds // FULL + 1
    own = total(calls) - total(lists)
    assert own <= 13  # one look at MediaLive may come too early
    assert total(calls) - total(reads(calls)) == 6
    assert simulation.world.illegal() == []


def started(simulation: Simulation, count: int, after: float) -> list[str]:
    """The calls of so many starts at once until the last StartChannel, the last look so long ago."""
    simulation.at_once(lambda: simulation.create(count - Channel.objects.count()))
    for channel in Channel.objects.all():
        services.breakout_create(channel, f"show {channel.pk}", who=TESTER)
    simulation.pass_(60)
    simulation.without_looks(after)
    return simulation.start()


def test_many_starts_share_one_list_of_each_kind(simulation: Simulation) -> None:
    names = started(simulation, STARTS, after=100)
    assert names.count("medialive:ListChannels") == 1
    assert names.count("medialive:ListInputs") == 1
    assert names.count("medialive:DescribeChannel") == 0
    # The step that reads the list holds its own row, which the list does not write.
    assert names.count("medialive:DescribeInput") <= 1
    assert names.count("cloudfront:GetDistribution") <= 1
    assert names.count("medialive:StartChannel") == STARTS
    assert simulation.world.illegal() == []


def test_starts_after_a_fresh_list_read_nothing(simulation: Simulation) -> None:
    names = started(simulation, STARTS, after=0)
    assert [name for name in names if name == "medialive:ListChannels"] == []
    assert names.count("medialive:StartChannel") == STARTS


def test_there_is_room_for_two_hundred_channels(simulation: Simulation) -> None:
    """Else the preparation of the starts waits for ever for channels that AWS does not allow."""
    services_of = own_aws().handle.aws.account.world.services
    medialive, mediapackage = services_of["medialive"].quotas, services_of["mediapackage"].quotas
    assert min(medialive["channels"], medialive["push_inputs"], mediapackage["channels"]) >= 250
    assert services_of["cloudfront"].quota >= 250


def test_a_run_that_does_not_end_says_why(simulation: Simulation) -> None:
    simulation.world.control.console("medialive", "set_quota", channels=1)
    with pytest.raises(AssertionError, match=r"1 x channel: .*(limit|allows|quota)"):
        simulation.at_once(lambda: simulation.create(1))
