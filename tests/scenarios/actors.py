"""An actor for tests in which the actor does not matter."""

from streamhub.access.actors import system_actor

TESTER = system_actor("test")
