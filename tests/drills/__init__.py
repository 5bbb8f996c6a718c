"""`make drills`: failovers and other accidents of a whole StreamHub, each played once and measured."""
