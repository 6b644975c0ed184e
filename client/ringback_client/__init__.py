"""The Ringback client: a library and the `ringback` command line."""
