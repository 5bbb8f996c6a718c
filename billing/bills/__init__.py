"""AWS's own bill: read, allocated to breakouts, and compared with what StreamHub estimated."""
