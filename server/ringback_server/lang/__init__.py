"""The Workflows language: from source text to a machine that runs it as data.

`source` reads YAML and JSON, `parser` builds the tree of `steps` and `expressions`, `checker`
refuses what cannot run, `compiler` makes a `program`, and `machine` advances it.
"""
