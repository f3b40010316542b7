"""Where the app's files live: what travels with it, and what it keeps for the user.

The environment variable AVATAR_APP_HOME moves everything the app keeps (downloads, the user's
avatars, compiled models) under one folder of the user's choice.
"""

from __future__ import annotations

import os
from pathlib import Path

APP_NAME = "avatar_app"
HOME_VARIABLE = "AVATAR_APP_HOME"

_PACKAGE = Path(__file__).resolve().parent


def bundled(*parts: str) -> Path:
    """Return the path of a file or folder that travels with the app.

    `parts` lead from the top level, e.g. `bundled("models", "fomm-mini.safetensors")`. An installed
    app carries them inside the package, a checkout has them beside it. The path is returned whether
    or not it exists, so that the caller can say what it missed.
    """
    installed = _PACKAGE.joinpath(*parts)
    return installed if installed.exists() else _PACKAGE.parent.joinpath(*parts)


def data_dir() -> Path:
    """Return the folder of the user's avatars and models; whoever writes into it makes it."""
    home = _home()
    if home is None:
        from platformdirs import user_data_path

        return user_data_path(APP_NAME, appauthor=False)
    return home / "data"


def cache_dir() -> Path:
    """Return the folder of what can be made again; whoever writes into it makes it."""
    home = _home()
    if home is None:
        from platformdirs import user_cache_path

        return user_cache_path(APP_NAME, appauthor=False)
    return home / "cache"


def install(extra: str) -> str:
    """Return the command that installs an extra; the app itself is on no package index."""
    return f"pip install -c constraints.txt '.[{extra}]' in the app's checkout"


def _home() -> Path | None:
    value = os.environ.get(HOME_VARIABLE)
    # Like a shell: the name of a user whom nobody knows stays as it is.
    return Path(os.path.expanduser(value)).absolute() if value else None
