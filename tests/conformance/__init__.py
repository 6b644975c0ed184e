"""The conformance suite and its gate."""
