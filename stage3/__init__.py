"""STAGE3: the microkernel.

Processes meet only through channels and hold only what was delegated to them;
the kernel schedules their threads, owns their memory and carries their
messages. `boot` is where to start reading, `kernel` lists all the state there
is, `abi` is what a program sees.
"""
