"""The authorization server over a store on disk."""
