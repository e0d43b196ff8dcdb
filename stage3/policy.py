"""The two capability policies: who may use a cookie, and how one reaches another process.

`Derived`: a cookie is valid only in the process that holds it, and every one is
a node of the delegation tree. `Bearer`: as STAGE3, whoever knows the number may
use it; it overrides what differs, and the switches select the other rules that
programs can see differ.
"""

from __future__ import annotations

from .bearer import Bearer
from .derived import Derived

POLICIES: dict[str, type[Derived]] = {"derived": Derived, "bearer": Bearer}
