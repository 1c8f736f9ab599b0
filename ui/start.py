"""The start page: what this is, what its models reached, and the way in. Signed-out visitors see it only."""

from __future__ import annotations

import streamlit as st

from octcore.models import ModelError
from octcore.taxonomy import FUNDUS_LABELS, NOT_DETECTED_YET, OCT_LABELS
from ui.cards import TASKS, measured
from ui.session import current_user, register_form, sign_in_form
from ui.words import t


def _models() -> None:
    st.subheader(t("start.models"))
    try:
        known = [model for task in TASKS for model in measured(task)]
    except ModelError as error:
        st.error(t("start.no_models", reason=error))
        return
    for model in known:
        overall = model.card["test"]["overall"]
        st.markdown(f"**{model.id}** · {t(f'task.{model.task}')} · {model.framework} · {model.version}")
        if model.task == "segment":
            protocol, lesions = model.card["protocol"], overall["per_class"]
            st.caption(
                t("start.outlines", layers=protocol["layers"]["mean_dice"], rater=protocol["rater_2"]["mean_dice"],
                  fluid=protocol["fluid"]["dice"], cysts=lesions["IRF"]["dice"], drusen=lesions["DRUSEN"]["dice"])
            )  # fmt: skip
            continue
        low, high = overall["macro_auc_ci95"]
        st.caption(
            t("start.figures", auc=overall["macro_auc"], low=low, high=high, accuracy=overall["accuracy"],
              ece=overall["ece"], n=overall["n"], groups=overall["groups"])
        )  # fmt: skip


def main() -> None:
    """Draw the page."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.title(t("app.name"))
        st.markdown(f"#### {t('app.tagline')}")
        for point in ("1", "2", "4", "3"):
            st.markdown(f"- {t(f'start.point.{point}', oct=len(OCT_LABELS), fundus=len(FUNDUS_LABELS))}")
        st.caption(t("start.not_yet", labels=", ".join(t(f"disease.{label}.name") for label in NOT_DETECTED_YET)))
    with right:
        if current_user():
            st.markdown(f"##### {t('start.open')}")
            for page in ("fundus", "oct", "segmentation"):
                with st.container(border=True):
                    st.page_link(f"pages/{page}.py", label=f"**{t(f'start.open.{page}')}**", icon=":material/arrow_forward:")
                    st.caption(t(f"start.open.{page}.does"))
        else:
            enter, register = st.tabs([t("sign.in"), t("sign.register")])
            with enter:
                sign_in_form()
            with register:
                register_form()
    _models()
    st.caption(t("app.not_a_device"))


main()
