"""CloudFront: moving an alternate domain name from one distribution to another.

Pages: "UpdateDomainAssociation", "Move an alternate domain name". The API reference wants the source disabled
in any case, the developer guide only if it is another account's. The stricter word counts here.
"""

from __future__ import annotations

from typing import Any

from emulator.base import Refusal
from emulator.cloudfront import rules
from emulator.cloudfront.distributions import Distributions
from emulator.cloudfront.records import Distribution


class Domains(Distributions):
    """The operation that moves a name; `aliases` says which distribution has each."""

    def update_domain_association(self, params: dict[str, Any]) -> dict[str, Any]:
        domain, target = params["Domain"].lower(), self._target(params["TargetResource"])
        if "IfMatch" in params:
            self._find_version({"Id": target.id, "IfMatch": params["IfMatch"]})
        source = self.distributions.get(self.aliases.get(domain, ""))
        if source is None:
            # No source says what AWS answers for a name that nothing has. Nobody can know it without asking.
            raise Refusal("EntityNotFound", "No resource is associated with the domain.", 404, illegal=False)
        if source.config["Enabled"]:
            raise Refusal(
                "IllegalUpdate", "Alias move is not allowed since the source distribution is enabled."
            )
        self._check_certificate(target, domain)
        self._replace(
            source, _with(source, [name for name in rules.aliases(source.config) if name != domain])
        )
        self._replace(target, _with(target, [*rules.aliases(target.config), domain]))
        return {"Domain": domain, "ResourceId": target.id, "ETag": target.etag}

    def _target(self, resource: dict[str, Any]) -> Distribution:
        distribution = self.distributions.get(resource.get("DistributionId", ""))
        if distribution is None:
            raise Refusal("EntityNotFound", "The entity was not found.", 404, illegal=False)
        return distribution

    def _check_certificate(self, target: Distribution, domain: str) -> None:
        try:
            rules.check(_with(target, [*rules.aliases(target.config), domain]), self)
        except Refusal as refusal:
            raise Refusal("InvalidArgument", refusal.message) from refusal


def _with(distribution: Distribution, names: list[str]) -> dict[str, Any]:
    return {**distribution.config, "Aliases": {"Quantity": len(names), "Items": names}}
