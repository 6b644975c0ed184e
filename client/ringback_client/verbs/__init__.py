"""What a client can do, as coroutines over a wire: each verb is written once, for both clients."""
