"""A resource's pages: detail, confirmation of a verb, bulk verbs, and self-refreshing fragments."""
