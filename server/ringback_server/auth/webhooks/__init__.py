"""Signatures of callbacks: what vendors send that cannot send a token."""
