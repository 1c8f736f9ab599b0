"""The results as one Markdown table, and its place in README."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
HEAD = "| what | served | eager PyTorch, Keras | ratio |\n|---|---|---|---|"
TASKS = {"oct": "classification", "fundus": "classification of a photograph", "segment": "segmentation"}


def markdown(results: dict[str, Any]) -> str:
    """The table of the parts that there are, with a line on the machine above it."""
    about = results["about"]
    lines = [f"{about['processor']}, {about['cores']} cores, {about['date']}, {about['load']}:", "", HEAD]
    lines += [f"| {' | '.join(row)} |" for row in _rows(results["parts"])]
    return "\n".join(lines)


def _rows(parts: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    floors = {one["id"]: one for one in parts.get("floor", {}).get("networks", [])}
    for one in parts.get("networks", []):
        if one["network"]:
            floor = floors.get(one["id"])
            known = f" (the floor is {floor['floor_ms']:.1f})" if floor else ""
            yield _pair(f"`{one['id']}`, network{known}", one["network"])
        yield _pair(f"`{one['id']}`, file to result", one["whole"])
    for one in parts.get("analyze", []):
        what = f"`analyze`, {TASKS[one['task']]}, {one['files']} file{'s' * (one['files'] > 1)}, cold"
        yield what, f"{one['engine_s']:.2f} s", f"{one['eager_s']:.2f} s", f"{one['ratio']:.2f}"
        yield "its memory at most", f"{one['engine_mb']:.0f} MB", f"{one['eager_mb']:.0f} MB", _share(one, "mb")
    if "memory" in parts:
        one = parts["memory"]
        yield "memory, all models loaded", f"{one['engine_mb']:.0f} MB", f"{one['eager_mb']:.0f} MB", _share(one, "mb")
    if "server" in parts:
        one = parts["server"]
        yield "server, start to the first page", f"{one['first_page_s']:.2f} s", "", ""
        yield "server's memory, all models, one session", f"{one['all_models_mb']:.0f} MB", "", ""
    for one in parts.get("people", []):
        what = f"{one['people']} at once, upload to picture, p50 and p95"
        errors = f", {one['errors']} errors" if one["errors"] else ""
        yield what, f"{one['p50']:.2f} s, {one['p95']:.2f} s{errors}", "", f"{one['p95_over_lone_p50']:.1f} lone p50"
    if "floor" in parts:
        yield "float32 matrix product", f"{parts['floor']['gigaflops']:.0f} GFLOP/s", "", ""


def _pair(what: str, one: dict[str, float]) -> tuple[str, str, str, str]:
    return what, f"{one['engine_ms']:.1f} ms", f"{one['eager_ms']:.1f} ms", f"{one['ratio']:.2f}"


def _share(one: dict[str, float], unit: str) -> str:
    return f"{one[f'engine_{unit}'] / one[f'eager_{unit}']:.2f}"


def into_readme(readme: Path, table: str) -> None:
    """Put the table between README's markers. Raises ValueError where there are none."""
    text = readme.read_text()
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"{readme} has no {BEGIN} ... {END}.")
    readme.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")
