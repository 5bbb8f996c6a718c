"""`make chaos`: clients at work while processes and servers are killed, and the checks afterwards."""
