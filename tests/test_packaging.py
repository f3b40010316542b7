"""What `pip install` gives a user: every package, every file, every requirement, pinned."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGE = CHECKOUT / "avatar_app"
# Modules whose distribution goes by another name.
DISTRIBUTIONS = {
    "cv2": "opencv-python",
    "dlib": "dlib-bin",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
}


@pytest.fixture(scope="module")
def setup_cfg() -> configparser.ConfigParser:
    """Read the metadata as pip does."""
    parser = configparser.ConfigParser()
    parser.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    return parser


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _names(text: str) -> set[str]:
    """Give the normalised names of requirement lines."""
    return {_normal(re.split(r"[ =<>!~;\[]", line)[0]) for line in _lines(text)}


def _imported(folder: Path) -> set[str]:
    """Give the distributions that the code in `folder` and below takes modules from."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    found -= {*sys.stdlib_module_names, "avatar_app", "tomllib"}
    return {_normal(DISTRIBUTIONS.get(module, module)) for module in found}


def test_every_subpackage_is_listed(setup_cfg: configparser.ConfigParser) -> None:
    """A folder with code that setup.cfg does not list would be missing from an installed app."""
    there = {
        ".".join(path.parent.relative_to(CHECKOUT).parts) for path in PACKAGE.rglob("__init__.py")
    }
    listed = set(_lines(setup_cfg["options"]["packages"]))
    assert listed == there | {"avatar_app.models", "avatar_app.assets"}


def test_every_import_is_required(setup_cfg: configparser.ConfigParser) -> None:
    """Whatever the code imports is installed with it or with an extra, not by luck."""
    required = _names(setup_cfg["options"]["install_requires"])
    extras = setup_cfg["options.extras_require"]
    optional = _names("\n".join(extras[name] for name in extras if name != "dev"))
    assert _imported(PACKAGE) <= required | optional
    assert optional <= _imported(PACKAGE)
    unused = required - _imported(PACKAGE)
    assert unused == {"face-recognition-models"}  # found by its folder, never imported


def test_every_requirement_is_pinned(setup_cfg: configparser.ConfigParser) -> None:
    """constraints.txt fixes a version of everything setup.cfg asks for."""
    extras = "\n".join(setup_cfg["options.extras_require"].values())
    pins = [
        line
        for line in _lines((CHECKOUT / "constraints.txt").read_text(encoding="utf-8"))
        if not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+(; [a-z_]+ .+)?", pin) for pin in pins)
    required = _names(setup_cfg["options"]["install_requires"]) | _names(extras)
    assert required <= _names("\n".join(pins))


def test_pyproject_only_names_the_build_system() -> None:
    """All metadata lives in setup.cfg; pyproject.toml is there because pip asks for it."""
    tables = re.findall(r"^\[.*\]$", (CHECKOUT / "pyproject.toml").read_text(), re.MULTILINE)
    assert tables == ["[build-system]"]


@pytest.mark.slow
def test_installed_app_carries_its_files(tmp_path: Path) -> None:
    """A wheel installed outside the checkout finds models, avatars and the demo clip inside it."""
    source = tmp_path / "source"
    source.mkdir()
    for part in ("avatar_app", "models", "assets"):
        shutil.copytree(CHECKOUT / part, source / part)
    for part in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / part, source)
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    files = [
        path.relative_to(CHECKOUT).as_posix()
        for part in ("models", "assets")
        for path in (CHECKOUT / part).rglob("*")
        if path.is_file()
    ]
    assert files
    assert {f"avatar_app/{file}" for file in files} <= set(zipfile.ZipFile(wheel).namelist())

    target = tmp_path / "target"
    subprocess.run([*pip, "install", "--no-deps", "--target", target, wheel], check=True)
    ask = (
        "import sys; from avatar_app.settings import bundled\n"
        "for file in sys.argv[1:]: print(bundled(file))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", ask, *files],
        env={**os.environ, "PYTHONPATH": str(target)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert answer.splitlines() == [str(target / "avatar_app" / file) for file in files]
