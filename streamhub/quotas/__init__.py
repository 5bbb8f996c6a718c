"""Quotas: how many resources of a kind the AWS account may have and has, and who waits for a place."""
