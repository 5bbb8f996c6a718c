"""Distributions on CloudFront. `distribution` decides and acts, `creating` creates each exactly once,
`observing` reads, and `marks` tells which are ours."""

from distributions.driver.distribution import DistributionDriver
from distributions.driver.observing import POLLED_LIST, cloudfront
from streamhub.lifecycle.driver import Driver

DRIVER: Driver = DistributionDriver()

__all__ = ["DRIVER", "POLLED_LIST", "DistributionDriver", "cloudfront"]
