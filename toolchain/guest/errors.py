"""The one exception of the build: something a person can put right."""

from __future__ import annotations


class BuildError(ValueError):
    """A source, a boot config or the compiler is not as it should be.

    The text is a sentence for the person who started the build; for a compile
    error it is what the compiler said.
    """
