"""README's figures are the cards'."""

from __future__ import annotations

from pathlib import Path

from octcore.models import catalogue


def test_the_table_says_what_the_cards_say() -> None:
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text()
    for model in catalogue():
        if model.task == "segment":
            protocol, lesions = model.card["protocol"], model.card["test"]["overall"]["per_class"]
            figures = " | ".join(
                f"{value:.3f}"
                for value in (
                    protocol["layers"]["mean_dice"],
                    protocol["rater_2"]["mean_dice"],
                    protocol["fluid"]["dice"],
                    *(lesions[name]["dice"] for name in ("IRF", "DRUSEN", "SHRM")),
                )
            )
            assert f"| `{model.id}` | {figures} |" in readme
            folds = model.card["cross_validation"]
            layers, rater = (folds[who]["mean_dice"] for who in ("layers", "rater_2"))
            crossed = f"layers {layers:.3f} beside the second rater's {rater:.3f}, fluid {folds['fluid']['dice']:.3f}"
            assert crossed in readme
            continue
        o = model.card["test"]["overall"]
        low, high = o["macro_auc_ci95"]
        figures = (
            f"{o['macro_auc']:.3f} ({low:.3f} to {high:.3f}) | {o['accuracy']:.3f} | {o['ece']:.3f} | {o['n']}, {o['groups']}"
        )
        assert f"| `{model.id}` | {model.framework} | {figures} |" in readme
