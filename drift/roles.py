"""What each staff role may do about drift."""

from streamhub.access.roles import ENGINEER, OPERATOR, VIEWER
from streamhub.console.roles import Grant

ROLES = (
    Grant(VIEWER, ("drift.view_driftsighting",)),
    Grant(OPERATOR, ("drift.read_drift",)),
    Grant(ENGINEER, ("drift.resolve_drift",)),
)
