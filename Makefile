# `make demo` and `make test` are all a newcomer needs: both install what is missing first.
# PYTHON chooses the interpreter (3.10 or newer); pip's own variables (PIP_INDEX_URL, ...) work as ever.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --no-input -c constraints.txt
# What the wheels of OpenCV and Qt take from the system; asked for only where loading them fails.
SYSTEM_LIBRARIES := libgl1 libglib2.0-0 libxcb1 libdbus-1-3 libfontconfig1 libx11-xcb1 libxcb-icccm4 \
	libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 \
	libxcb-xkb1 libxkbcommon-x11-0
# A process a core; each takes the next file when it has done one, and the longest come early.
SIDE_BY_SIDE := -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# Imports OpenCV, and loads what Qt loads when the window opens.
IMPORTS := import cv2, ctypes, pathlib, PyQt5; \
	[ctypes.CDLL(str(path)) for path in pathlib.Path(PyQt5.__file__).parent.rglob("libqxcb.so")]

.DEFAULT_GOAL := help
.PHONY: help install demo test lint check format pictures screenshots clean system-libraries

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.app ## put the app with its pinned packages into .venv

demo: $(VENV)/.app ## animate an avatar with the clip that comes along; results in demo-output/
	$(BIN)/avatar-app demo -o demo-output

test: $(VENV)/.dev ## run the tests
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

lint: $(VENV)/.dev ## format, lint, types and floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

check: lint test ## everything that is checked before a change lands

format: $(VENV)/.dev ## lay the code out
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pictures: demo ## take the README's pictures anew
	mkdir -p docs
	cp demo-output/strip.png docs/demo-strip.png

screenshots: $(VENV)/.dev ## take pictures and a film of the window (needs Xvfb and ffmpeg)
	xvfb-run -a -s "-screen 0 1120x760x24" $(BIN)/python -m tests.gui.screenshots docs/window

clean: ## remove the environment and what the tools leave
	rm -rf $(VENV) build dist demo-output *.egg-info .mypy_cache .pytest_cache .ruff_cache \
		.hypothesis .import_linter_cache

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "avatar_app needs Python 3.10 or newer: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		$(MAKE) --no-print-directory system-libraries SYSTEM_LIBRARIES=python3-venv
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.app: $(VENV)/.venv setup.cfg pyproject.toml constraints.txt
	$(PIP_INSTALL) -e .
	@$(BIN)/python -c '$(IMPORTS)' 2>/dev/null || $(MAKE) --no-print-directory system-libraries
	@$(BIN)/python -c '$(IMPORTS)'
	@touch $@

$(VENV)/.dev: $(VENV)/.app
	$(PIP_INSTALL) -e '.[train,hotkeys,dev]'
	@touch $@

system-libraries:
	@if ! command -v apt-get >/dev/null; then \
		echo "Install what provides $(SYSTEM_LIBRARIES) on this system, then run make again." >&2; exit 1; \
	elif [ "$$(id -u)" = 0 ]; then as_root=; \
	elif sudo -n true 2>/dev/null; then as_root="sudo -n"; \
	else \
		echo "Run 'sudo apt-get install $(SYSTEM_LIBRARIES)', then run make again." >&2; exit 1; \
	fi; \
	$$as_root apt-get update -q && \
	$$as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -q -y --no-install-recommends $(SYSTEM_LIBRARIES)
