"""StreamHub's whole set of processes on one machine, for trying it out and for tests.

Not part of the product: production holds neither this package nor `emulator`.
"""
