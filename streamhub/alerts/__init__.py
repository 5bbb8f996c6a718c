"""Alarms: the apps declare them, the console shows them."""
