# Everything runs in .venv, made here on first use. Needs Python 3.11 or newer and nothing else.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test bench bench-micro bench-growth bench-stalls bench-scale nginx postgres systemd clean

demo: .venv/ready
	$(BIN)/python -m tests.demo

test: .venv/ready-dev .venv-scrapyd/ready postgres systemd
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 3 --dist loadfile --ignore tests/test_kill.py
	$(BIN)/python -m pytest tests/test_kill.py

bench-scale: .venv/ready
	$(BIN)/python -m benchmarks.scale

bench: .venv/ready nginx
	$(BIN)/python -m benchmarks.throughput

bench-micro: .venv/ready
	$(BIN)/python -m benchmarks.micro

bench-growth: .venv/ready nginx
	$(BIN)/python -m benchmarks.growth

bench-stalls: .venv/ready nginx
	$(BIN)/python -m benchmarks.stalls

clean:
	rm -rf .venv .venv-scrapyd demo-data .mypy_cache .ruff_cache .pytest_cache

# The tests start a PostgreSQL server of their own; Debian's package is installed where it is missing.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
postgres:
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -qq -y --no-install-recommends postgresql; }

# The tests have systemd look at the units of deploy/.
systemd:
	command -v systemd-analyze >/dev/null || \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -qq -y --no-install-recommends systemd; }

# The benchmarks serve their pictures from an nginx of their own.
nginx:
	test -x /usr/sbin/nginx || \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -qq -y --no-install-recommends nginx-light; }

.venv/ready: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# scrapyd wants an older setuptools than everything else, so it lives apart.
.venv-scrapyd/ready: requirements.txt requirements-scrapyd.txt
	test -x .venv-scrapyd/bin/python || $(PYTHON) -m venv .venv-scrapyd
	.venv-scrapyd/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-scrapyd.txt
	touch $@
