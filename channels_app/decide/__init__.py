"""The next step for a channel and for a security group: pure functions of intent and observation."""
