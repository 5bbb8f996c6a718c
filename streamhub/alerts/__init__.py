"""Alarms: apps declare conditions; they are kept, acknowledged and sent to people here."""
