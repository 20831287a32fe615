# Everything runs in .venv, made here on first use. Needs Python 3.11 or newer and nothing else.
PYTHON ?= python3
BIN := .venv/bin

# make LOCKED=1 …: exactly what requirements.lock names, each file checked by its hash, as CI has it.
LOCKED ?=
WANTED = $(if $(LOCKED),--require-hashes -r requirements.lock,-r $(1))

.PHONY: demo test corpus fuzz audit lock bench bench-micro bench-growth bench-stalls bench-scale bench-stats nginx postgres bench-duplicates bench-accuracy systemd chromium readers clean

demo: .venv/ready
	$(BIN)/python -m tests.demo

test: .venv/ready-dev .venv-scrapyd/ready .venv-readers/ready postgres systemd chromium
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 3 --dist loadfile --ignore tests/test_kill.py
	$(BIN)/python -m pytest tests/test_kill.py

# Every picture of Pillow's own source distribution through the whole chain; it is downloaded once, to ~/.cache.
corpus: .venv/ready-dev
	$(BIN)/python -m tests.corpus

# A minute of coverage-guided fuzzing for each parser of what strangers send.
fuzz: .venv/ready-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'atheris>=3,<4'
	$(BIN)/python -m tests.fuzz

# Known holes in what requirements.lock names; says so where nobody could be asked.
audit: .venv-supply/ready
	$(PYTHON) -m tests.audit

# Newer releases of everything, within the bounds of requirements.txt and requirements-dev.txt, for every Python we run on.
lock: .venv-supply/ready
	.venv-supply/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-annotate --custom-compile-command "make lock" requirements-dev.txt --output-file requirements.lock

bench-scale: .venv/ready
	$(BIN)/python -m benchmarks.scale

bench-stats: .venv/ready
	$(BIN)/python -m benchmarks.collection

bench: .venv/ready nginx
	$(BIN)/python -m benchmarks.throughput

bench-micro: .venv/ready
	$(BIN)/python -m benchmarks.micro

bench-growth: .venv/ready nginx
	$(BIN)/python -m benchmarks.growth

bench-stalls: .venv/ready nginx
	$(BIN)/python -m benchmarks.stalls

bench-duplicates: .venv/ready
	$(BIN)/python -m benchmarks.duplicates

# Its photographs are those of Debian's wallpaper packages.
bench-accuracy: .venv/ready
	$(SUDO) apt-get update -qq
	$(SUDO) apt-get install -qq -y --no-install-recommends $$($(BIN)/python -c \
		"from benchmarks.distortions import PACKAGES; print(*PACKAGES)")
	$(BIN)/python -m benchmarks.accuracy

clean:
	rm -rf .venv .venv-supply demo-data .mypy_cache .ruff_cache .pytest_cache .venv-scrapyd .venv-readers demo-export test-artefacts

# The tests start a PostgreSQL server of their own; Debian's package is installed where it is missing.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
postgres:
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -qq -y --no-install-recommends postgresql; }

# The tests have systemd look at the units of deploy/.
systemd:
	command -v systemd-analyze >/dev/null || \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -qq -y --no-install-recommends systemd; }

# The tests look at the report in a real browser, Debian's.
chromium:
	which chromium >/dev/null || \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -qq -y --no-install-recommends chromium; }

# The tools that exports are made for; they read them in the tests.
readers: .venv-readers/ready

.venv-readers/ready: requirements-readers.txt
	test -x .venv-readers/bin/python || $(PYTHON) -m venv .venv-readers
	.venv-readers/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-readers.txt
	touch $@

# The benchmarks serve their pictures from an nginx of their own.
nginx:
	test -x /usr/sbin/nginx || \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -qq -y --no-install-recommends nginx-light; }

.venv/ready: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(call WANTED,requirements.txt)
	touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(call WANTED,requirements-dev.txt)
	touch $@

# Tools that look at our libraries from outside, so that theirs are not among ours.
.venv-supply/ready:
	$(PYTHON) -m venv .venv-supply
	.venv-supply/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13,<0.14' 'pip-audit>=2.10,<3'
	touch $@

# scrapyd wants an older setuptools than everything else, so it lives apart.
.venv-scrapyd/ready: requirements.txt requirements-scrapyd.txt
	test -x .venv-scrapyd/bin/python || $(PYTHON) -m venv .venv-scrapyd
	.venv-scrapyd/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-scrapyd.txt
	touch $@
