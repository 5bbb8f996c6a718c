"""What each staff role may do with distributions."""

from streamhub.access.roles import ENGINEER, OPERATOR, VIEWER
from streamhub.console.roles import Grant

ROLES = (
    Grant(VIEWER, ("distributions.view_distribution",)),
    Grant(
        OPERATOR,
        (
            "distributions.add_distribution",
            "distributions.detach_distribution",
            "distributions.reattach_distribution",
            "distributions.keep_distribution",
            "distributions.sync_distribution",
            "distributions.retry_distribution",
            "distributions.price_distribution",
            "distributions.run_reaper",
        ),
    ),
    Grant(ENGINEER, ("distributions.delete_distribution",)),
)
