"""Every model's card: its figures on patients it never saw, by source and by class, its limits, its curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from octcore.models import ENSEMBLE, ModelError, ModelInfo, members, pool_weights
from ui.cards import TASKS, measured
from ui.labels import short
from ui.session import require_user
from ui.words import TABLES, t

require_user()
st.subheader(t("models.title"))
st.caption(t("models.intro"))


def figure(value: float | None, form: str = "{:.3f}") -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else form.format(value)


def interval(bounds: Sequence[float] | None) -> str:
    """A 95 % interval, or a dash."""
    return "{:.3f} – {:.3f}".format(*bounds) if bounds else "–"


def by_source(sources: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            t("models.source"): name,
            t("models.scans"): str(block["n"]),
            t("models.patients"): str(block["groups"]),
            t("models.auc"): figure(block["macro_auc"]),
            t("models.accuracy"): figure(block["accuracy"], "{:.1%}"),
            **({t("models.ece"): figure(block["ece"], "{:.1%}")} if "ece" in block else {}),
        }
        for name, block in sources.items()
    ]


def by_class(classes: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            t("view.class"): short(name),
            t("models.scans"): str(block["n"]),
            t("models.class_auc"): figure(block["auc"]),
            t("models.sensitivity"): figure(block["sensitivity"], "{:.1%}"),
            t("models.specificity"): figure(block["specificity"], "{:.1%}"),
            t("models.at95"): figure(block["sensitivity_at_95_specificity"], "{:.1%}"),
        }
        for name, block in classes.items()
    ]


def by_group(subgroups: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            t("models.group"): group_name(kind, name),
            t("models.scans"): str(block["n"]),
            t("models.auc"): figure(block["macro_auc"]),
            t("models.range"): interval(block.get("macro_auc_ci95")),
            t("models.accuracy"): figure(block.get("accuracy"), "{:.1%}"),
        }
        for kind, groups in subgroups.items()
        for name, block in groups.items()
    ]


def group_name(kind: str, name: str) -> str:
    """A group of the test patients, in words where there are some."""
    if kind == "age":
        band = f"models.band.{name}"
        return t("models.age", band=t(band) if band in TABLES["en"] else name)
    return t(f"models.{name}") if f"models.{name}" in TABLES["en"] else name


def by_outline(classes: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            t("view.class"): name,
            t("models.scans"): str(block["n"]),
            t("models.dice"): figure(block["dice"]),
            t("models.range"): interval(block["dice_ci95"]),
            t("models.iou"): figure(block["iou"]),
        }
        for name, block in classes.items()
        if block["n"]
    ]


def show_segmentation(card: dict[str, Any]) -> None:
    """The figures of a segmentation's card: the published comparison, and the lesions of patients kept aside."""
    protocol, overall = card["protocol"], card["test"]["overall"]
    ours, raters = protocol["layers"], protocol["rater_2"]
    for column, (label, value, more) in zip(
        st.columns(4),
        (
            (t("models.layers_dice"), figure(ours["mean_dice"]), t("models.other_rater", value=f"{raters['mean_dice']:.3f}")),
            (
                t("models.surface_error"),
                figure(ours["mean_surface_error_um"], "{:.1f} µm"),
                t("models.other_rater", value=f"{raters['mean_surface_error_um']:.1f} µm"),
            ),
            (t("models.fluid_dice"), figure(protocol["fluid"]["dice"]), ""),
            (t("models.lesion_patients"), str(overall["groups"]), t("models.of_scans", n=overall["n"])),
        ),
        strict=True,
    ):
        column.metric(label, value)
        if more:
            column.caption(more)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**{t('models.duke')}**")
        st.dataframe(by_outline({**ours["per_class"], "fluid": protocol["fluid"]}), hide_index=True, height="content")
        st.caption(t("models.duke_protocol"))
        if folds := card["cross_validation"]:
            st.caption(
                t(
                    "models.cross_validation",
                    layers=folds["layers"]["mean_dice"],
                    rater=folds["rater_2"]["mean_dice"],
                    away=folds["layers"]["mean_surface_error_um"],
                    fluid=folds["fluid"]["dice"],
                    low=folds["fluid"]["dice_ci95"][0],
                    high=folds["fluid"]["dice_ci95"][1],
                )
            )
    with right:
        st.markdown(f"**{t('models.lesions')}**")
        st.dataframe(by_outline(overall["per_class"]), hide_index=True, height="content")


def show(model: ModelInfo) -> None:
    """One card."""
    card = model.card
    st.markdown(f"#### {model.id}" + (f" · {t('models.ensemble')}" if model.id == ENSEMBLE else ""))
    st.caption(f"{model.framework} · {model.version} · {card['summary']}")
    if weights := pool_weights(model.task, model.id):
        each = zip(members(model.id, model.task), weights, strict=True)
        shares = ", ".join(f"{member.id} {weight:.0%}" for member, weight in each)
        st.caption(t("models.weights", shares=shares))
    if model.task == "segment":
        show_segmentation(card)
    else:
        show_classifier(card)
    drawn = [model.folder / name for name in card["figures"] if (model.folder / name).exists()]
    if drawn:
        for column, path in zip(st.columns(len(drawn)), drawn, strict=True):
            column.image(str(path), width="stretch")
    if model.task != "segment":
        say_data(card)
    st.markdown(f"**{t('models.limits')}**")
    st.markdown("\n".join(f"- {limit}" for limit in card["limits"]))
    st.caption(t("models.command", command=card["command"], commit=card["commit"]))


def show_classifier(card: dict[str, Any]) -> None:
    """The figures of a classifier's card: overall, by source, by class."""
    overall = card["test"]["overall"]
    low, high = overall["macro_auc_ci95"]
    for column, (label, value, more) in zip(
        st.columns(4),
        (
            (t("models.auc"), figure(overall["macro_auc"]), t("models.interval", low=low, high=high)),
            (t("models.accuracy"), figure(overall["accuracy"], "{:.1%}"), ""),
            (t("models.ece"), figure(overall["ece"], "{:.1%}"), ""),
            (t("models.patients"), str(overall["groups"]), t("models.of_scans", n=overall["n"])),
        ),
        strict=True,
    ):
        column.metric(label, value)
        if more:
            column.caption(more)
    # One below the other: side by side, a laptop's window hides their last columns.
    st.markdown(f"**{t('models.by_source')}**")
    st.dataframe(by_source(card["test"]["sources"]), hide_index=True, height="content")
    st.caption(t("models.one_label"))
    st.markdown(f"**{t('models.by_class')}**")
    st.dataframe(by_class(overall["per_class"]), hide_index=True, height="content")
    if card.get("leave_one_out"):
        st.markdown(f"**{t('models.left_out')}**")
        st.dataframe(by_source(card["leave_one_out"]), hide_index=True, height="content")
        st.caption(t("models.left_out_note"))
    if card.get("subgroups"):
        st.markdown(f"**{t('models.subgroups')}**")
        st.dataframe(by_group(card["subgroups"]), hide_index=True, height="content")
        st.caption(t("models.subgroups_note"))


def say_data(card: dict[str, Any]) -> None:
    """What a classifier learned from, and what its 95 % set held."""
    splits = card["data"]["splits"]
    st.caption(
        t(
            "models.data",
            train=splits["train"]["images"],
            train_patients=splits["train"]["patients"],
            val=splits["val"]["images"],
            test=splits["test"]["images"],
            licences="; ".join(card["data"]["licences"]),
        )
    )
    calibration = card["calibration"]
    st.caption(t("models.coverage", coverage=calibration["test_coverage"], size=calibration["test_mean_set_size"]))
    strange = card.get("unfamiliar", {})
    if "drawn" in strange:
        st.caption(t("models.unfamiliar", auc=strange["drawn"]["auc"], flagged=strange["test_flagged"]))
        if "unknown labels" in strange:
            st.caption(t("models.unknown_labels", auc=strange["unknown labels"]["auc"]))


try:
    cards = {task: measured(task) for task in TASKS}
except ModelError as broken:
    st.error(t("error.models", reason=broken))
else:
    for tab, known in zip(st.tabs([t(f"task.{task}") for task in TASKS]), cards.values(), strict=True):
        with tab:
            for model in known:
                show(model)
            if not known:
                st.info(t("models.none"))
