"""What to do next with a channel and with a security group: pure functions of intent and observation."""
