"""Issuers of others, whose tokens a server of ours takes."""
