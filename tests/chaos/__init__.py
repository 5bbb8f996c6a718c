"""`make chaos`: clients at work while everything they lean on is killed, and what must be true afterwards."""
