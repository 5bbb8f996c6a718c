"""CloudFront distributions: created, disabled, reaped. Knows an origin URL and an owner, never channels."""
