"""Version 1 of the contract: messages, gRPC stubs and servicers."""
