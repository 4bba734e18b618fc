# Needs Python 3.11 or later, GNU make and sh. Everything else is installed into .venv, pinned with hashes.
#
#   make run     set up if need be, start the whole site, say where it is
#   make test    every test, on each database that is reachable
#   make check   formatter, linter, types, migrations in step, production settings, shape of the code
#   make bench   the benchmarks
#   make screenshots   every page in every state into docs/screenshots/
#   make lock    write the requirement files anew; UPGRADE=--upgrade takes newer versions
#
# PYTHON=python3.12 names another interpreter for .venv.

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet install --require-hashes
COMPILE := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

# What a production machine would say; nothing is connected to.
PRODUCTION := PUBLIC_URL=https://shop.example ALLOWED_HOSTS= DATABASE_URL=postgres://shop@db.example/shop \
	REDIS_URL=redis://redis.example:6379/0 EMAIL_URL=smtp+tls://mail.example:587 FAL_KEY=an-id:a-secret FAL_WEBHOOKS=auto \
	STRIPE_SECRET_KEY=sk_live_only-for-this-check STRIPE_WEBHOOK_SECRET=whsec_only-for-this-check STRIPE_API_URL= \
	SECRET_KEY=only-for-this-check-0123456789-abcdefghijklmnopqrstuvwxyz DEBUG=off VAR_DIR=$(VENV)/check

# Compiled once, Python starts in a third of the time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run setup test coverage check bench screenshots lock clean

run: setup
	@$(PY) manage.py run

setup: $(VENV)/runtime.stamp

test: $(VENV)/dev.stamp
	@$(PY) -m tests

coverage: $(VENV)/dev.stamp
	@$(PY) -m tests --coverage

check: $(VENV)/dev.stamp
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy .
	@VAR_DIR=$(VENV)/check DATABASE_URL= $(PY) manage.py makemigrations --check --dry-run
	@$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING
	@$(PY) -m pytest -q tests/test_architecture.py

bench: $(VENV)/dev.stamp
	@$(PY) -m bench

screenshots: $(VENV)/dev.stamp
	@$(PY) -m tests.screenshots

lock: $(VENV)/dev.stamp
	$(COMPILE) $(UPGRADE) pyproject.toml -o requirements.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --group dev -o requirements-dev.txt
	echo uv | $(COMPILE) - --no-deps -c requirements-dev.txt -o requirements-uv.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache

$(VENV)/runtime.stamp: requirements.txt | $(VENV)/uv.stamp
	$(call install,$<)
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt | $(VENV)/uv.stamp
	$(call install,$<)
	@touch $@ $(VENV)/runtime.stamp

# uv installs in seconds what takes pip most of a minute. Where it cannot be had, pip does it alone.
$(VENV)/uv.stamp: requirements-uv.txt $(PY)
	@$(PIP) -r $< || echo "uv is not to be had here; pip goes on without it."
	@touch $@

$(PY):
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo "Python 3.11 or later is needed. Name it: make PYTHON=/path/to/python3.11" >&2; exit 1; fi; \
	echo "Making $(VENV) with $$found …"; \
	$$found -m venv --clear $(VENV) || { rm -rf $(VENV); \
		echo "Could not make $(VENV): on Debian and Ubuntu, install python3-venv first." >&2; exit 1; }

define install
@echo "Installing $(1), once …"
@{ $(PY) -m uv --version >/dev/null 2>&1 && \
	$(PY) -m uv pip install --python $(PY) --quiet --require-hashes --compile-bytecode -r $(1); } || \
	{ echo "Installing with pip …"; $(PIP) -r $(1); }
endef
