"""Who may see quotas: everybody with a role."""

from streamhub.access.roles import VIEWER
from streamhub.console.roles import Grant

ROLES = (Grant(VIEWER, ("quotas.view_quota",)),)
