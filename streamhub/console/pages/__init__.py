"""The pages of a resource: its detail, one verb's confirmation, many at once, and the fragments."""
