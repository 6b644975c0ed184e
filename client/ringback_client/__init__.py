"""The Ringback client: a library, `ringback_client.client`, and the `ringback` command line."""
