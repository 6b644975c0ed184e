"""The Ringback service: runs workflows and waits for their callbacks."""
