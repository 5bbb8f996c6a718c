"""Quotas: the limits, the count, and the creations that wait."""
