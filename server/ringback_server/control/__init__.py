"""The verbs: one function per thing a caller can ask for, on domain objects."""
