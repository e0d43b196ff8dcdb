"""The bits of AHCI's registers that have a name here (AHCI 1.3.1, 3)."""

from __future__ import annotations


class CAP:
    """Host capabilities (3.1.1)."""

    S64A = 1 << 31  # 64-bit addresses
    SNCQ = 1 << 30  # native command queuing
    SCLO = 1 << 24  # command list override
    GEN2 = 2 << 20  # 3 Gb/s
    SAM = 1 << 18  # AHCI only
    PMD = 1 << 15  # PIO of more than one block
    NCS = 31 << 8  # 32 slots


class GHC:
    """Global host control (3.1.2)."""

    AE = 1 << 31
    IE = 1 << 1
    HR = 1 << 0


class PxIS:
    """Causes of an interrupt (3.3.5)."""

    DHRS = 1 << 0  # register FIS received
    PSS = 1 << 1  # PIO set-up FIS received
    SDBS = 1 << 3  # set device bits FIS received
    UFS = 1 << 4  # unknown FIS, as SERR.DIAG.F
    DPS = 1 << 5  # a PRD with its interrupt bit is done
    PCS = 1 << 6  # device came or went, as SERR.DIAG.X
    PRCS = 1 << 22  # link changed, as SERR.DIAG.N
    OFS = 1 << 24  # PRDT too short
    HBFS = 1 << 29  # no memory there
    TFES = 1 << 30  # the drive reported an error


class PxCMD:
    """Command and status (3.3.7)."""

    ST = 1 << 0
    SUD = 1 << 1
    POD = 1 << 2
    CLO = 1 << 3
    FRE = 1 << 4
    CCS = 0x1F << 8
    FR = 1 << 14
    CR = 1 << 15
    ATAPI = 1 << 24
    DLAE = 1 << 25


class PxSERR:
    """Link diagnostics (3.3.12)."""

    N = 1 << 16
    F = 1 << 25
    X = 1 << 26


class Det:
    """Device detection in PxSSTS and PxSCTL (3.3.10, 3.3.11)."""

    MASK = 0xF
    NONE = 0
    RESET = 1
    PRESENT = 3
    OFFLINE = 4
