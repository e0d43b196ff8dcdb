"""Classes of the user's own, in files that no package knows."""

from __future__ import annotations

import importlib.util
from typing import Any

from .errors import UserError


def make(what: str, name: str, class_name: str) -> Any:
    """Load the Python file `name` and make one of its class; `what` begins an error's sentence.

    Raises:
        UserError: it has no such class, or does not load.
    """
    spec = importlib.util.spec_from_file_location("user_class", name)
    if spec is None or spec.loader is None:
        raise UserError(f"{what}: {name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        return getattr(module, class_name)()
    except AttributeError:
        raise UserError(f"{what}: {name} has no class {class_name}") from None
    except Exception as error:
        raise UserError(f"{what}: {name} does not load: {error!r}") from None
