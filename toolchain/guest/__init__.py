"""From C to what the machine boots: compiler, linker, RAMFS, disk images.

Everything here uses the standard library only, because it runs while the wheel
is being built, before anything is installed.
"""
