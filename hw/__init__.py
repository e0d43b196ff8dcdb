"""The machine: memory, vCPUs, clock, buses and devices.

It imports nothing of ours and knows nothing of capabilities or processes. A
kernel sits on it: it maps memory, runs a CPU until it traps, and is told of
interrupts. `machine` is the board; every device is a file of its own.
"""
