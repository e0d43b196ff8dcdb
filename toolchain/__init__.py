"""What a person uses: the command line and the tools that look inside a run.

`guest` and `libanos` are the other half: they turn C into programs that run
on the simulated machine.
"""
