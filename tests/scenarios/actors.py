"""Who asks in tests where it does not matter who."""

from streamhub.access.actors import system_actor

TESTER = system_actor("test")
