"""The store remembers: SQL behind one seam, each method one transaction.

`database` is the seam and `sqlite` what is behind it; each aggregate has a module. What is
returned from a method that writes is on disk.
"""

from ringback_server.store.opening import Store, open_store

__all__ = ["Store", "open_store"]
