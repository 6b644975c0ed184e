"""Version 1: messages, gRPC stubs and servicers."""
