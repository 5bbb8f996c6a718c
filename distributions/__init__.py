"""CloudFront distributions. This app knows an origin URL and an owner, never channels."""
