"""Machine code that no compiler would make: what the fuzzer of hostile programs runs.

`hostile_code` makes it from a `Random`, so a case is known by its number. Most bytes
are random where that is likely to be decoded: prefixes without end, LOCK, the VEX and
EVEX spaces, and the instructions by which user mode is left or the host is reached.
"""

from __future__ import annotations

from random import Random

CODE_BYTES_MAX = 0x400
PREFIXES = b"\xf0\xf2\xf3\x66\x67\x26\x2e\x36\x3e\x64\x65"
ESCAPES = (b"", b"\x0f", b"\x0f\x38", b"\x0f\x3a")
"""The four maps of legacy instructions."""

BIT_TESTS = [bytes([0x0F, opcode]) for opcode in (0xA3, 0xAB, 0xB3, 0xBB, 0xBA)]
STRINGS = [bytes([opcode]) for opcode in (0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE,
           0xAF, 0x6C, 0x6D, 0x6E, 0x6F)]  # fmt: skip
SEGMENTS = [b"\x8e", b"\x8c", b"\x0f\xa0", b"\x0f\xa1", b"\x0f\xa8", b"\x0f\xa9", b"\x0f\xb2",
            b"\x0f\xb4", b"\x0f\xb5", b"\x0f\x02", b"\x0f\x03"]  # fmt: skip
FAR = [b"\xff", b"\xca", b"\xcb", b"\xea", b"\x9a", b"\xcf", b"\x48\xcf", b"\x0f\x05", b"\x0f\x07",
       b"\x48\x0f\x07", b"\x0f\x34", b"\x0f\x35", b"\xcc", b"\xce", b"\xf1", b"\xcd"]  # fmt: skip
SYSTEM = [b"\x0f\x00", b"\x0f\x01", b"\x0f\x06", b"\x0f\x08", b"\x0f\x09", b"\x0f\x20",
          b"\x0f\x21", b"\x0f\x22", b"\x0f\x23", b"\x0f\x30", b"\x0f\x32", b"\x0f\x33", b"\x0f\xae",
          b"\x0f\xc7", b"\x0f\xa2", b"\x0f\x31", b"\x0f\x01\xf9", b"\xf4", b"\xfa", b"\xfb",
          b"\x9c", b"\x9d", b"\xe4", b"\xe7", b"\xec", b"\xef", b"\x0f\x37",
          b"\x0f\xaa"]  # fmt: skip
ARITHMETIC = [b"\x0f\xb0", b"\x0f\xb1", b"\x0f\xc0", b"\x0f\xc1", b"\x86", b"\x87", b"\xf6",
              b"\xf7", b"\xfe", b"\x80", b"\x81", b"\x83", b"\x01", b"\x09", b"\x21"]  # fmt: skip
GROUPS = (BIT_TESTS, STRINGS, SEGMENTS, FAR, SYSTEM, ARITHMETIC)


def random_bytes(random: Random) -> bytes:
    """No thought at all."""
    return random.randbytes(random.randrange(1, 32))


def operands(random: Random) -> bytes:
    """A ModRM byte, and what may follow it: SIB, displacement, immediate."""
    return bytes([random.randrange(256)]) + random.randbytes(random.choice((0, 0, 1, 4, 5, 8)))


def prefixes(random: Random) -> bytes:
    """None, a few or too many prefixes, with LOCK more often than others."""
    count = random.choice((0, 0, 1, 1, 2, 3, 14, 16))
    found = [0xF0 if random.random() < 0.3 else random.choice(PREFIXES) for _ in range(count)]
    rex = [random.randrange(0x40, 0x50)] if random.random() < 0.4 else []
    return bytes(found + rex)


def legacy(random: Random) -> bytes:
    """Any opcode of any map."""
    opcode = bytes([random.randrange(256)])
    return prefixes(random) + random.choice(ESCAPES) + opcode + operands(random)


def chosen(random: Random) -> bytes:
    """One that is known to be trouble."""
    return prefixes(random) + random.choice(random.choice(GROUPS)) + operands(random)


def vector(random: Random) -> bytes:
    """VEX, EVEX and XOP: no CPU of ours has them."""
    lead = random.choice((b"\xc5", b"\xc4", b"\x62", b"\x8f"))
    return prefixes(random)[:2] + lead + random.randbytes(random.randrange(2, 8))


def floating_point(random: Random) -> bytes:
    """x87 and SSE, with exceptions unmasked now and then."""
    if random.random() < 0.5:
        return bytes([random.randrange(0xD8, 0xE0)]) + operands(random)
    return (
        random.choice((b"", b"\x66", b"\xf2", b"\xf3"))
        + b"\x0f"
        + bytes([random.randrange(0x10, 0x80)])
        + operands(random)
    )


def branch(random: Random) -> bytes:
    """A short jump, call or loop, often backwards."""
    opcode = random.choice((0xEB, 0x74, 0x75, 0xE2, 0xE3))
    return bytes([opcode, random.choice((0xFE, 0x00, 0x10, 0xF0, 0x80, random.randrange(256)))])


def leave(random: Random) -> bytes:
    """Push what IRET, a far return or POPF takes: selectors and flags, VM86 among them."""
    code = b""
    for _ in range(random.choice((1, 2, 5, 6, 10))):
        value = random.choice((0x23, 0x2B, 0x33, 8, 0x100, 0x20202, 0x3202, 0x302, 0x100_0000))
        code += b"\x68" + value.to_bytes(4, "little")
    return code + random.choice(
        (b"\xcf", b"\x48\xcf", b"\xcb", b"\x48\xcb", b"\x9d", b"\x48\x0f\x07")
    )


def call(random: Random) -> bytes:
    """A system call, by either way, from which the program goes on."""
    return random.choice((b"\x0f\x05", b"\xcd\x69"))


def store_to_code(random: Random) -> bytes:
    """Change an instruction near by: the next, this one, one before."""
    distance = random.choice((0, 1, -7, -3, random.randrange(-200, 200)))
    value = random.choice((0xF0, 0x0F, 0x90, 0xC3, random.randrange(256)))
    if random.random() < 0.5:  # mov byte [rip + distance], value
        return b"\xc6\x05" + distance.to_bytes(4, "little", signed=True) + bytes([value])
    wide = distance.to_bytes(4, "little", signed=True)  # lea rdi, [rip + distance]; rep stosb
    return b"\x48\x8d\x3d" + wide + b"\xb0" + bytes([value]) + b"\xb9\x09\0\0\0\xf3\xaa"


PIECES = (
    (random_bytes, 1),
    (legacy, 4),
    (chosen, 6),
    (vector, 2),
    (floating_point, 3),
    (branch, 2),
    (leave, 1),
    (call, 1),
    (store_to_code, 3),
)


def load_registers(random: Random, addresses: list[int]) -> bytes:
    """mov r64, imm64 for all but RSP."""
    code = b""
    for register in (0, 1, 2, 3, 5, 6, 7):
        where = addresses[:4] if random.random() < 0.7 else addresses
        value = random.choice(where) + random.choice((0, 1, 8, 0xFF8, 0xFFF))
        if register == 1 and random.random() < 0.8:
            value = random.randrange(0x2000)  # a count for REP
        code += bytes([0x48, 0xB8 + register]) + (value % (1 << 64)).to_bytes(8, "little")
    return code


def hostile_code(random: Random, addresses: list[int]) -> bytes:
    """At most `CODE_BYTES_MAX` bytes; registers point to `addresses`, mostly the first four."""
    code = load_registers(random, addresses) if random.random() < 0.9 else b""
    makers = [maker for maker, _ in PIECES]
    weights = [weight for _, weight in PIECES]
    for maker in random.choices(makers, weights, k=random.randrange(1, 40)):
        code += maker(random)
    return code[:CODE_BYTES_MAX]
