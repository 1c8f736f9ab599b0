"""The scan viewer: a scan with its heat map, whose opacity, zoom and place live in the browser.

Moving the slider touches no server: the two pictures are sent once and composed by the browser.
"""

from __future__ import annotations

import base64
import io

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from ui.words import t

_HTML = """
<div class="bar">
  <label><span class="caption"></span>
    <input type="range" min="0" max="100" step="1" aria-label="opacity"><output></output></label>
  <button type="button"></button>
</div>
<div class="frame" tabindex="0" role="group">
  <div class="stack"><img class="scan" draggable="false"><img class="heat" draggable="false"></div>
</div>
<div class="foot"><span class="hint"></span>
  <span class="legend"><span class="low"></span><i></i><span class="high"></span></span></div>
"""

_CSS = """
.frame { overflow: hidden; border-radius: 8px; background: #000; cursor: grab; touch-action: pan-y;
         border: 1px solid var(--st-border-color, #8884); }
.frame:focus-visible { outline: 2px solid var(--st-primary-color); }
.frame:active { cursor: grabbing; }
.stack { position: relative; transform-origin: 0 0; }
.scan { display: block; width: 100%; height: auto; max-height: 64vh; object-fit: contain; user-select: none; }
.heat { position: absolute; inset: 0; width: 100%; height: 100%; max-height: 64vh; object-fit: contain; user-select: none;
        pointer-events: none; }
.bar { display: flex; gap: 12px; align-items: center; margin-bottom: 8px; flex-wrap: wrap; color: var(--st-text-color);
       font: 14px var(--st-font); }
.bar label { display: flex; flex: 1 1 240px; align-items: center; gap: 10px; flex-wrap: wrap; }
.bar input { flex: 1 1 120px; accent-color: var(--st-primary-color); min-width: 100px; }
.bar output { min-width: 3.2em; text-align: right; font-variant-numeric: tabular-nums; }
.bar button { border: 1px solid var(--st-border-color, #8884); background: transparent; color: inherit; border-radius: 6px;
              padding: 4px 12px; cursor: pointer; font: inherit; }
.foot { display: flex; justify-content: space-between; gap: 12px; flex-wrap: wrap; margin-top: 4px;
        color: var(--st-text-color); opacity: .75; font: 12px var(--st-font); }
.legend { display: inline-flex; align-items: center; gap: 6px; }
.legend i { width: 90px; height: 8px; border-radius: 4px;
            background: linear-gradient(90deg, #30123b00, #4662d7, #1ae4b6, #a4fc3c, #fb8022, #7a0403); }
"""

_JS = """
export default function (component) {
  const { data, parentElement: root } = component;
  const $ = (s) => root.querySelector(s);
  const frame = $('.frame'), stack = $('.stack'), heat = $('.heat'), slider = $('input'), out = $('output');
  if ($('.scan').src !== data.scan) $('.scan').src = data.scan;
  if (heat.src !== data.heat) heat.src = data.heat;
  $('.scan').alt = data.alt; heat.alt = '';
  $('.caption').textContent = data.words.opacity;
  $('.hint').textContent = data.words.hint;
  $('button').textContent = data.words.reset;
  $('.low').textContent = data.words.low;
  $('.high').textContent = data.words.high;
  slider.setAttribute('aria-label', data.words.opacity);
  frame.setAttribute('aria-label', data.alt + '. ' + data.words.hint);

  const KEY = 'oct-studio-opacity';
  const show = (value) => { heat.style.opacity = value / 100; out.textContent = value + ' %'; };
  slider.value = sessionStorage.getItem(KEY) ?? 55;   // kept over reruns, pages and reloads of this tab
  show(slider.value);
  slider.oninput = () => { show(slider.value); sessionStorage.setItem(KEY, slider.value); };

  const view = root.__view ??= { scale: 1, x: 0, y: 0 };
  const place = () => {
    const w = frame.clientWidth, h = frame.clientHeight;
    view.scale = Math.min(12, Math.max(1, view.scale));
    view.x = Math.min(0, Math.max(w - w * view.scale, view.x));
    view.y = Math.min(0, Math.max(h - h * view.scale, view.y));
    frame.style.touchAction = view.scale > 1 ? 'none' : 'pan-y';   // a finger on the whole picture scrolls the page
    stack.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  };
  const zoom = (factor, px, py) => {
    const before = view.scale;
    view.scale = Math.min(12, Math.max(1, before * factor));
    view.x = px - (px - view.x) * view.scale / before;
    view.y = py - (py - view.y) * view.scale / before;
    place();
  };
  const reset = () => { view.scale = 1; view.x = view.y = 0; place(); };
  frame.onwheel = (e) => {
    if (!e.ctrlKey && view.scale === 1 && e.deltaY > 0) return;   // the page scrolls on
    e.preventDefault();
    const box = frame.getBoundingClientRect();
    zoom(Math.exp(-e.deltaY * 0.0015), e.clientX - box.left, e.clientY - box.top);
  };
  const fingers = new Map();
  frame.onpointerdown = (e) => { fingers.set(e.pointerId, e); frame.setPointerCapture(e.pointerId); };
  frame.onpointerup = frame.onpointercancel = (e) => fingers.delete(e.pointerId);
  frame.onpointermove = (e) => {
    const last = fingers.get(e.pointerId);
    if (!last) return;
    if (fingers.size === 1) { view.x += e.clientX - last.clientX; view.y += e.clientY - last.clientY; place(); }
    else {
      const other = [...fingers.entries()].find(([id]) => id !== e.pointerId)[1];
      const gap = (p) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
      const box = frame.getBoundingClientRect();
      const middle = [(e.clientX + other.clientX) / 2 - box.left, (e.clientY + other.clientY) / 2 - box.top];
      zoom(gap(e) / Math.max(1, gap(last)), ...middle);
    }
    fingers.set(e.pointerId, e);
  };
  frame.ondblclick = reset;
  $('button').onclick = reset;
  frame.onkeydown = (e) => {
    const w = frame.clientWidth / 2, h = frame.clientHeight / 2;
    const moves = { ArrowLeft: [30, 0], ArrowRight: [-30, 0], ArrowUp: [0, 30], ArrowDown: [0, -30] };
    if (e.key === '+' || e.key === '=') zoom(1.25, w, h);
    else if (e.key === '-') zoom(0.8, w, h);
    else if (e.key === '0' || e.key === 'Escape') reset();
    else if (moves[e.key] && view.scale > 1) { view.x += moves[e.key][0]; view.y += moves[e.key][1]; place(); }
    else return;
    e.preventDefault();
  };
  place();
}
"""

_component = st.components.v2.component("oct_studio_viewer", html=_HTML, css=_CSS, js=_JS)

LARGEST_SIDE = 1600
"""Pixels that are sent to the browser at the most; a B-scan has up to 1,536 columns."""


def scan_png(grey_or_rgb: NDArray[np.uint8], largest: int = LARGEST_SIDE) -> bytes:
    """A scan, uint8 (H, W) or (H, W, 3), as PNG of at most ``largest`` pixels a side."""
    picture = Image.fromarray(grey_or_rgb)
    picture.thumbnail((largest, largest), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def for_browser(grey_or_rgb: NDArray[np.uint8]) -> bytes:
    """A scan as it is drawn at full size: grey as PNG; a photograph as JPEG, a tenth of the bytes and of the time."""
    if grey_or_rgb.ndim == 2:
        return scan_png(grey_or_rgb)
    picture = Image.fromarray(grey_or_rgb)
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=93, subsampling=0)
    return out.getvalue()


def heat_png(heatmap: NDArray[np.float32], shape: tuple[int, int]) -> bytes:
    """A heat map in [0, 1] as an RGBA PNG of the scan's aspect: colour by value (Turbo), cover by value too, so that
    where the model did not look nothing hides the scan."""
    height, width = shape
    scale = min(1.0, 640 / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    values = np.clip(cv2.resize(heatmap, size, interpolation=cv2.INTER_LINEAR), 0, 1)
    colour = cv2.cvtColor(cv2.applyColorMap((values * 255).astype(np.uint8), cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    cover = (np.clip(values * 1.6, 0, 1) * 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(np.dstack([colour, cover])).save(out, "PNG")
    return out.getvalue()


def show(scan: bytes, heat: bytes, alt: str, key: str) -> None:
    """Draw the viewer; ``scan`` (PNG or JPEG) and ``heat`` (PNG) are of one aspect. ``key``: one a result, so that it keeps
    its place."""

    def url(picture: bytes) -> str:
        kind = "jpeg" if picture.startswith(b"\xff\xd8") else "png"
        return f"data:image/{kind};base64," + base64.b64encode(picture).decode()

    words = {name: t(f"view.{name}") for name in ("opacity", "hint", "reset", "low", "high")}
    _component(key=key, data={"scan": url(scan), "heat": url(heat), "alt": alt, "words": words})
