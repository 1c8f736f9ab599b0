# Two commands do everything: `make run` serves the dashboard, `make test` runs all tests. Both set up .venv first.
PYTHON ?= python3
PORT ?= 8501
HOST ?= 127.0.0.1
BIN := .venv/bin
READY := .venv/.ready

.PHONY: setup run test check screenshot train-oct

setup: $(READY)

$(READY): requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt
	touch $(READY)

run: $(READY)
	@echo "OCT Studio: http://$(HOST):$(PORT)"
	@$(BIN)/python -m streamlit run Home.py --server.address $(HOST) --server.port $(PORT)

test: $(READY)
	$(BIN)/python -m pytest

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

screenshot: $(READY)
	$(BIN)/python -m tests.browser.screenshot docs/screenshot.png

train-oct: $(READY)
	$(BIN)/python -m train.oct --epochs 4 --rate 1e-3 --out runs/oct-efficientnet-lite0
	$(BIN)/python -m train.export runs/oct-efficientnet-lite0
	$(BIN)/python -m train.evaluate oct-efficientnet-lite0
