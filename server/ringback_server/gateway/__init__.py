"""The HTTP edge: REST derived from the protos, callback URLs, and the OAuth endpoints."""
