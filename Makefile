# Two commands do everything: `make run` serves the dashboard, `make test` runs all tests. Both set up .venv first.
PYTHON ?= python3
PORT ?= 8501
HOST ?= 127.0.0.1
BIN := .venv/bin
READY := .venv/.ready
FUNDUS := $(BIN)/python -m train.classify --task fundus
FUNDUS_CNN := --net keras-cnn --out runs/fundus-cnn --small-epochs 4 --rate 1e-3 --mixup 0.2 --average 0.995 --patience 7 --seed 1
FUNDUS_RESNET := --net keras-resnet18 --out runs/fundus-resnet18-begun --rate 1.5e-3 --decay 0.05 --mixup 0.1 --average 0.995 --patience 12 --seed 2
FUNDUS_LITE2 := --net efficientnet-lite2 --out runs/fundus-efficientnet-lite2 --small-epochs 4 --rate 1e-3 --mixup 0.2 \
  --average 0.995 --patience 8 --seed 4
FOLLOW := --teacher runs/fundus-efficientnet-lite2 --dense --unlabelled --decay 0.05 --mixup 0.1
FUNDUS_DISTILLED := --net resnet18 --start runs/fundus-resnet18-begun --out runs/fundus-resnet18-distilled $(FOLLOW) \
  --rate 1.2e-3 --average 0.998 --patience 22 --seed 5
SEGMENT := $(BIN)/python -m train.segment
DUKE := --columns 512 --view 320 --duke-share 0.85
RESNET := --rate 2e-3 --decay 0.05 --average 0.995 --seed 3 --patience 12 --teacher runs/oct-efficientnet-lite0

.PHONY: setup run test check bench screenshot train-oct train-fundus train-segment

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

# On a machine with nothing else to do: some ten minutes. `--write` puts the table into README.
bench: $(READY)
	$(BIN)/python -m bench

screenshot: $(READY)
	$(BIN)/python -m tests.browser.screenshot docs/screenshot.png

# Each run goes on from its last epoch in runs/; remove the folder there to begin again. Times: two cores, nothing beside.
train-oct: $(READY)
	$(BIN)/python -m train.classify --net efficientnet-lite0 --out runs/oct-efficientnet-lite0 --epochs 4 --rate 1e-3
	$(BIN)/python -m train.export runs/oct-efficientnet-lite0
	$(BIN)/python -m train.classify --net keras-cnn --out runs/oct-cnn --epochs 6 --small-epochs 2 --rate 1e-3 --mixup 0.1 \
	  --average 0.995 --seed 2 --patience 6
	$(BIN)/python -m train.export runs/oct-cnn
	$(BIN)/python -m train.classify --net resnet18 --out runs/oct-resnet18 --epochs 12 --small-epochs 12 $(RESNET) --stop-after 6
	$(BIN)/python -m train.classify --net resnet18 --out runs/oct-resnet18 --epochs 9 --small-epochs 8 $(RESNET) --stop-after 2
	$(BIN)/python -m train.classify --net resnet18 --out runs/oct-resnet18 --epochs 10 --small-epochs 8 $(RESNET)
	$(BIN)/python -m train.export runs/oct-resnet18
	$(BIN)/python -m train.leave_one_out tvhl_mexico
	$(BIN)/python -m train.familiar --task oct
	for model in oct-efficientnet-lite0 oct-cnn oct-resnet18 ensemble; do $(BIN)/python -m train.evaluate $$model --task oct || exit 1; done

# The ResNet begins from oct-resnet18's weights, with the CNN of the fourth epoch as its teacher in the last three epochs. Then it
# follows the Lite2 for long, in PyTorch, which is twice as fast; the last epochs are Keras' again.
# The Lite2 then learns to look closer at the disc; the served one began that from weights/ (half precision), not from its run.
# Batches draw their own random numbers since train/batches.py: what was trained before it repeats in kind, not bit by bit.
train-fundus: $(READY)
	$(FUNDUS) $(FUNDUS_CNN) --epochs 7 --stop-after 2
	$(FUNDUS) $(FUNDUS_CNN) --epochs 6 --stop-after 2
	mkdir -p runs/fundus-cnn-4 && cp runs/fundus-cnn/best.pt runs/fundus-cnn-4/
	$(FUNDUS) $(FUNDUS_CNN) --epochs 6 --stop-after 1
	$(FUNDUS) $(FUNDUS_CNN) --epochs 7
	$(BIN)/python -m train.export runs/fundus-cnn
	$(FUNDUS) $(FUNDUS_LITE2) --epochs 8
	$(FUNDUS) $(FUNDUS_LITE2) --epochs 10
	$(BIN)/python -m train.disc --start runs/fundus-efficientnet-lite2 --out runs/fundus-disc --epochs 12
	$(BIN)/python -m train.export runs/fundus-disc --id fundus-efficientnet-lite2
	$(FUNDUS) $(FUNDUS_RESNET) --epochs 12 --small-epochs 8 --stop-after 5
	$(FUNDUS) $(FUNDUS_RESNET) --epochs 9 --small-epochs 7 --stop-after 2
	$(FUNDUS) $(FUNDUS_RESNET) --epochs 10 --small-epochs 7 --teacher runs/fundus-cnn-4
	$(FUNDUS) $(FUNDUS_DISTILLED) --epochs 22 --small-epochs 20 --stop-after 12
	$(FUNDUS) $(FUNDUS_DISTILLED) --epochs 20 --small-epochs 17
	$(FUNDUS) --net keras-resnet18 --start runs/fundus-resnet18-distilled --out runs/fundus-resnet18 $(FOLLOW) \
	  --epochs 2 --rate 2e-4 --average 0.99 --seed 6
	$(BIN)/python -m train.export runs/fundus-resnet18
	$(BIN)/python -m train.familiar --task fundus
	for model in fundus-cnn fundus-efficientnet-lite2 fundus-resnet18 ensemble; do $(BIN)/python -m train.evaluate $$model --task fundus || exit 1; done

# The served network in three steps; then those that are only measured: the published comparison's and five folds.
train-segment: $(READY)
	$(SEGMENT) --protocol relaynet --out runs/seg-first --columns 384 --view 256 --epochs 12
	$(SEGMENT) --protocol relaynet --start runs/seg-first --out runs/seg-second --epochs 7 --duke-share 0.5 --rate 1.5e-3 \
	  --seed 2 --stop-after 4
	$(SEGMENT) --protocol all --start runs/seg-second --out runs/oct-segmentation --epochs 5 --duke-share 0.4 --rate 1.5e-3 --seed 3
	$(BIN)/python -m train.export_segment runs/oct-segmentation
	$(SEGMENT) --protocol relaynet --out runs/seg-relaynet $(DUKE) --epochs 12
	$(BIN)/python -m train.export_segment runs/seg-relaynet --protocol
	for k in 1 2 3 4 5; do $(SEGMENT) --protocol fold-$$k --out runs/seg-fold-$$k $(DUKE) --epochs 6 || exit 1; done
	$(BIN)/python -m train.evaluate_segment oct-segmentation --folds runs/seg-fold
