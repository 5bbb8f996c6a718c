"""The events of distributions, for webhooks."""

from distributions.models import Distribution
from streamhub.webhooks.kinds import EventKind

EVENT_KINDS = (
    EventKind("distribution.state_changed", "a distribution changes its state", resource=Distribution.KIND),
)
