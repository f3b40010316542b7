"""What `avatar-app` and `python -m avatar_app` start."""

import sys

_STOPPED = 130


def start() -> int:
    """Run the process's command line; Ctrl-C while its parts still load is no traceback either."""
    try:
        from avatar_app.cli import main

        return main()
    except KeyboardInterrupt:
        sys.stderr.write("avatar-app: stopped.\n")
        return _STOPPED


if __name__ == "__main__":
    sys.exit(start())
