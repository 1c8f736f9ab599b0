"""`python -m octcore` keeps the contract: one JSON object a file, exit codes, figures."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

from octcore import models
from octcore.phantom import png_bytes


def run(*args: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "octcore", *map(str, args)], capture_output=True, text=True, check=False)


def test_analyze_says_one_object_a_file_also_for_files_that_cannot_be_read(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "scan.png"
    good.write_bytes(png_bytes("DME"))
    bad.write_text("no picture")
    said = run("analyze", good, bad, tmp_path / "absent.png", "--json", "--out", tmp_path / "out")
    first, second, third = (json.loads(line) for line in said.stdout.splitlines())
    assert said.returncode == 0
    assert first["readable"] and first["label"] in first["probabilities"] and "AMD" in first["probabilities"]
    assert Path(first["artifacts"]["heatmap"]).exists()
    assert not second["readable"] and second["reason"].endswith(".")
    assert not third["readable"]
    keys = {"file", "sha256", "task", "modality", "model", "readable", "reason", "label", "probability", "probabilities",
            "uncertainty", "measurements", "artifacts", "milliseconds"}  # fmt: skip
    assert keys <= first.keys() and keys <= second.keys()


def test_segment_measures_and_writes_what_a_script_needs(tmp_path: Path) -> None:
    scan = tmp_path / "dme.png"
    scan.write_bytes(png_bytes("DME"))
    said = json.loads(run("analyze", scan, "--task", "segment", "--json", "--out", tmp_path / "out").stdout)
    assert said["readable"] and said["task"] == "segment" and said["label"] is None
    assert said["measurements"]["retina_thickness_mean_px"] > 20 and "fluid_area_px" in said["measurements"]
    assert not any(key.endswith(("_mm2", "_um")) for key in said["measurements"])  # a PNG says no spacing
    assert set(said["artifacts"]) == {"lesions", "masks", "overlay", "measurements", "thickness"}
    assert all(Path(place).stat().st_size for place in said["artifacts"].values())
    with open(tmp_path / "m.csv", "w") as file:
        file.write(f"image,mask\n{scan},{said['artifacts']['lesions']}\n")
    found = run("evaluate", "--task", "segment", "--manifest", tmp_path / "m.csv", "--classes", "1=IRF,2=SRF", "--json")
    assert json.loads(found.stdout)["overall"]["per_class"]["IRF"]["dice"] in (1.0, None)
    assert run("evaluate", "--task", "segment", "--manifest", tmp_path / "m.csv").returncode == 2


def test_what_is_no_scan_of_a_retina_is_refused_unless_somebody_insists(tmp_path: Path) -> None:
    cat = tmp_path / "cat.png"
    Image.fromarray(skimage.data.chelsea()).save(cat)
    refused = run("analyze", cat, "--json")
    said = json.loads(refused.stdout)
    assert refused.returncode == 1 and not said["readable"] and "retina" in said["reason"] and not said["probabilities"]
    insisted = json.loads(run("analyze", cat, "--json", "--insist").stdout)
    assert insisted["readable"] and "not_retinal" in insisted["warnings"]


def test_exit_codes(tmp_path: Path) -> None:
    good = tmp_path / "good.png"
    good.write_bytes(png_bytes("DME"))
    assert run("analyze", tmp_path / "absent.png", "--json").returncode == 1
    assert run("analyze").returncode == 2
    assert run("analyze", good, "--model", "nonsense").returncode == 2
    assert run("nonsense").returncode == 2


def test_models_lists_cards_as_json() -> None:
    lines = [json.loads(line) for line in run("models", "--json").stdout.splitlines()]
    assert lines and all(0.5 < line["card"]["test"]["overall"]["macro_auc"] <= 1 for line in lines if line["task"] == "oct")


def test_evaluate_on_test_patients_agrees_with_the_card(tmp_path: Path, shared_oct: Path) -> None:
    with open(shared_oct / "manifest.csv", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["split"] == "test" and r["source"] in ("octid", "octdl")]
    manifest = tmp_path / "some.csv"
    with open(manifest, "w", newline="") as out:
        writer = csv.DictWriter(out, ["file", "label", "group", "source"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    said = run("evaluate", "--task", "oct", "--manifest", manifest, "--root", shared_oct, "--json")
    assert said.returncode == 0, said.stderr
    figures = json.loads(said.stdout)
    assert figures["skipped"] == {"RAO": sum(r["label"] == "RAO" for r in rows)}
    assert figures["n"] == len(rows) - figures["skipped"]["RAO"] == figures["overall"]["n"]
    assert set(figures["sources"]) == {"octid", "octdl"}
    default = models.ensemble("oct")
    assert default is not None
    for source in ("octid", "octdl"):
        said_by_card = default.card["test"]["sources"][source]["macro_auc"]
        assert figures["sources"][source]["macro_auc"] == pytest.approx(said_by_card, abs=1e-6)


def test_a_manifest_without_its_columns_is_one_sentence(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n1,2\n")
    said = run("evaluate", "--task", "oct", "--manifest", wrong, "--json")
    assert said.returncode == 1 and "columns" in said.stderr and "Traceback" not in said.stderr
