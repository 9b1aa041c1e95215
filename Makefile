# `make` alone prints this help.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help app worker test check clean

help: ## print this help
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

app: $(VENV)/board.stamp ## serve the leaderboard on http://127.0.0.1:7860
	$(BIN)/python app.py

worker: $(VENV)/evaluator.stamp ## evaluate approved submissions until stopped (WORKER="--once --datasets DIR")
	$(BIN)/python worker.py $(WORKER)

test: $(VENV)/test.stamp check ## check the code and run every test (TESTS="tests/store -k name" for some)
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder $(TESTS)

check: $(VENV)/test.stamp ## lint, format and types
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy .

clean: ## remove the environment; the stores under .data/ stay
	rm -rf $(VENV)

# One environment, three layers: the page alone needs no torch.
$(VENV)/board.stamp: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.txt
	touch $@

$(VENV)/evaluator.stamp: $(VENV)/board.stamp evaluator/requirements.txt
	$(PIP) -r evaluator/requirements.txt -r requirements.txt
	touch $@

$(VENV)/test.stamp: $(VENV)/evaluator.stamp tests/requirements.txt
	$(PIP) -r tests/requirements.txt -r evaluator/requirements.txt -r requirements.txt
	touch $@
