"""`anos-cc`: C sources to a program for Anos, with our headers and C library.

clang and the linker come from the `ziglang` package (the extra `cc`), the headers and
archives from this one, so that it works wherever both are installed.
"""
