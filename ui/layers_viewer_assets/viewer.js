// The layers viewer. All of it lives here: the server sends the scan, the label map and the surfaces once, and hears
// only of a saved correction. The label map travels as deflated bytes, not as a picture: some browsers (Brave, hardened
// Firefox) add noise to what is read back from a canvas, and a label must arrive as it was sent.

const PREFERENCES = 'oct-studio-layers';
const LONGEST_UNDO = 100;
const drafts = (window.__octStudioDrafts ??= new Map());   // unsaved corrections outlive a page's redrawing
if (!window.__octStudioDraftsGuard) {
  window.__octStudioDraftsGuard = true;
  window.addEventListener('beforeunload', (e) => { if ([...drafts.values()].some((d) => d.undo.length)) e.preventDefault(); });
}

const through = async (bytes, stream) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
const unpack = (text) => through(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), new DecompressionStream('deflate'));
const pack = async (bytes) => {
  const packed = await through(bytes, new CompressionStream('deflate'));
  let text = '';
  for (let i = 0; i < packed.length; i += 8192) text += String.fromCharCode(...packed.subarray(i, i + 8192));
  return btoa(text);
};
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function preferences() {
  const known = { lesions: { opacity: 45, filled: true, hidden: [] }, layers: { opacity: 85, filled: false, hidden: [] } };
  try {
    const kept = JSON.parse(sessionStorage.getItem(PREFERENCES) ?? '{}');
    for (const group of ['lesions', 'layers']) Object.assign(known[group], kept[group]);
  } catch { /* a spoilt entry is no reason to show nothing */ }
  return known;
}

export default function (component) {
  const { data, parentElement: root, setTriggerValue } = component;
  const $ = (s) => root.querySelector(s);
  const { words, width: W, height: H, mapWidth: mw, mapHeight: mh } = data;
  const frame = $('.frame'), image = $('.scan'), canvas = $('canvas'), out = $('.value'), tools = $('.tools');

  // One state a mounted viewer; a new picture (another result, another mask) begins a new one but keeps the view.
  const S = (root.__octStudio ??= { view: { zoom: 1, x: 0, y: 0 }, brush: 1, size: 12, show: preferences() });
  for (const [id, draft] of drafts) if (draft.nonce && draft.nonce === data.kept) drafts.delete(id);   // it is in the store now
  if (S.saving && [data.kept, data.answered].includes(S.saving.nonce)) {   // saved, or refused: then the draft is still there
    if (S.saving.nonce === data.kept && S.saving.id === data.id) S.id = null;
    S.saving = null;
  }
  const begin = S.id !== data.id;
  if (begin) {
    const onward = S.editing && S.picture === data.picture && S.slice !== data.slice;   // the brush stays in hand from slice to slice
    Object.assign(S, { id: data.id, slice: data.slice, labels: null, undo: [], redo: [], editing: onward, cursor: null, stale: true, pointer: null, stroke: null });
    if (S.picture !== data.picture) { S.view = { zoom: 1, x: 0, y: 0 }; S.picture = data.picture; }
    const draft = drafts.get(data.id);
    if (draft) Object.assign(S, { labels: draft.labels, undo: draft.undo, redo: draft.redo, editing: true });
    $('.note input').value = draft?.note ?? '';
    if (!draft) load();
  }
  function load() {
    S.labels = null;
    unpack(data.labels).then((labels) => { if (S.id === data.id && !S.labels) { S.labels = labels; S.stale = true; draw(); } });
  }

  // ---- drawing
  const map = (S.map ??= document.createElement('canvas'));
  const colours = data.lesions.map((l) => rgb(l.colour));
  const shown = (group, k) => !S.show[group].hidden.includes(data[group][k].name);
  const scale = () => Math.min(frame.clientWidth / W, frame.clientHeight / H) * S.view.zoom;
  const place = () => {
    const v = S.view;
    v.zoom = Math.min(24, Math.max(1, v.zoom));
    const s = scale(), fw = frame.clientWidth, fh = frame.clientHeight;
    v.x = W * s <= fw ? (fw - W * s) / 2 : Math.min(0, Math.max(fw - W * s, v.x));
    v.y = H * s <= fh ? (fh - H * s) / 2 : Math.min(0, Math.max(fh - H * s, v.y));
    if (!S.editing) frame.style.touchAction = v.zoom > 1 ? 'none' : 'pan-y';   // a finger on the whole picture scrolls the page
    image.style.transform = `translate(${v.x}px, ${v.y}px) scale(${s})`;
    image.style.imageRendering = s > 3 ? 'pixelated' : 'auto';
    draw();
  };
  const colourMap = () => {   // written to a canvas, never read back
    map.width = mw; map.height = mh;
    const picture = new ImageData(mw, mh), pixels = picture.data;
    const visible = data.lesions.map((_, k) => shown('lesions', k));
    for (let i = 0; i < S.labels.length; i++) {
      const k = S.labels[i] - 1;
      if (k < 0 || !visible[k]) continue;
      [pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2]] = colours[k];
      pixels[4 * i + 3] = 255;
    }
    map.getContext('2d').putImageData(picture, 0, 0);
    S.borders = null;
  };
  const borders = () => data.lesions.map((_, k) => {   // along the pixels' edges, so that they stay sharp when enlarged
    const path = new Path2D(), L = S.labels, v = k + 1;
    for (let r = 0; r <= mh; r++) for (let c = 0, from = -1; c <= mw; c++) {
      const edge = c < mw && ((r > 0 && L[(r - 1) * mw + c] === v) !== (r < mh && L[r * mw + c] === v));
      if (edge && from < 0) from = c;
      if (!edge && from >= 0) { path.moveTo(from, r); path.lineTo(c, r); from = -1; }
    }
    for (let c = 0; c <= mw; c++) for (let r = 0, from = -1; r <= mh; r++) {
      const edge = r < mh && ((c > 0 && L[r * mw + c - 1] === v) !== (c < mw && L[r * mw + c] === v));
      if (edge && from < 0) from = r;
      if (!edge && from >= 0) { path.moveTo(c, from); path.lineTo(c, r); from = -1; }
    }
    return path;
  });
  const runs = (a, b) => {   // columns in which both surfaces are known, as [first, last]
    const found = [];
    for (let c = 0, from = -1; c <= W; c++) {
      const known = c < W && a[c] !== null && b[c] !== null;
      if (known && from < 0) from = c;
      if (!known && from >= 0) { found.push([from, c - 1]); from = -1; }
    }
    return found;
  };
  const trace = (ctx, surface, first, last) => {
    ctx.lineTo(first, surface[first]);
    for (let c = first; c <= last; c++) ctx.lineTo(c + 0.5, surface[c]);
    ctx.lineTo(last + 1, surface[last]);
  };
  const drawLayers = (ctx, s) => {
    ctx.globalAlpha = S.show.layers.opacity / 100;
    ctx.lineWidth = 1.6 / s; ctx.lineJoin = 'round';
    data.layers.forEach((layer, k) => {
      if (!shown('layers', k)) return;
      const upper = data.surfaces[k], lower = data.surfaces[k + 1];
      ctx.fillStyle = ctx.strokeStyle = layer.colour;
      if (S.show.layers.filled) for (const [first, last] of runs(upper, lower)) {
        ctx.beginPath();
        trace(ctx, upper, first, last);
        for (let c = last; c >= first; c--) {
          if (c === last) ctx.lineTo(c + 1, lower[c]);
          ctx.lineTo(c + 0.5, lower[c]);
          if (c === first) ctx.lineTo(c, lower[c]);
        }
        ctx.closePath(); ctx.fill();
      } else {   // a border that two shown layers share is drawn once, in the colour of the lower one
        const lines = k + 1 < data.layers.length && shown('layers', k + 1) ? [upper] : [upper, lower];
        for (const line of lines) for (const [first, last] of runs(line, line)) { ctx.beginPath(); trace(ctx, line, first, last); ctx.stroke(); }
      }
    });
  };
  const paintNow = () => {
    S.frame = 0;
    const ratio = window.devicePixelRatio || 1, fw = frame.clientWidth, fh = frame.clientHeight;
    if (!fw || !fh) return;
    if (canvas.width !== Math.round(fw * ratio)) canvas.width = Math.round(fw * ratio);
    if (canvas.height !== Math.round(fh * ratio)) canvas.height = Math.round(fh * ratio);
    const ctx = canvas.getContext('2d'), s = scale();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    ctx.setTransform(ratio * s, 0, 0, ratio * s, ratio * S.view.x, ratio * S.view.y);
    drawLayers(ctx, s);
    if (S.labels) {
      if (S.stale) { colourMap(); S.stale = false; }
      const cover = S.show.lesions.opacity / 100;
      ctx.globalAlpha = S.show.lesions.filled ? cover : Math.sqrt(cover);   // a thin line needs more than an area does
      ctx.imageSmoothingEnabled = false;
      if (S.show.lesions.filled) ctx.drawImage(map, 0, 0, W, H);
      else {
        S.borders ??= borders();
        ctx.save();
        ctx.scale(W / mw, H / mh);
        ctx.lineWidth = 1.6 / (s * W / mw);
        data.lesions.forEach((lesion, k) => { if (shown('lesions', k)) { ctx.strokeStyle = lesion.colour; ctx.stroke(S.borders[k]); } });
        ctx.restore();
      }
    }
    ctx.globalAlpha = 1;
    ctx.lineWidth = 1.4 / s;
    const at = S.editing ? (S.pointer ?? S.cursor) : S.cursor;
    if (at && S.editing) {
      ctx.strokeStyle = S.brush ? data.lesions[S.brush - 1].colour : '#ffffff';
      ctx.beginPath(); ctx.arc(at.x, at.y, S.size / 2 * W / mw, 0, 2 * Math.PI); ctx.stroke();
    }
    if (S.cursor) {
      const arm = 9 / s;
      ctx.strokeStyle = '#ffffff';
      ctx.beginPath();
      ctx.moveTo(S.cursor.x - arm, S.cursor.y); ctx.lineTo(S.cursor.x + arm, S.cursor.y);
      ctx.moveTo(S.cursor.x, S.cursor.y - arm); ctx.lineTo(S.cursor.x, S.cursor.y + arm);
      ctx.stroke();
    }
    frame.dataset.drawn = S.labels ? 'yes' : 'scan';
  };
  const draw = () => { S.frame ||= requestAnimationFrame(() => S.paintNow()); };
  S.paintNow = paintNow;   // the newest closure draws, whoever asked

  // ---- what lies at a place
  const say = (at) => {
    if (!at || at.x < 0 || at.y < 0 || at.x >= W || at.y >= H) { out.textContent = words.nowhere; return; }
    const r = Math.floor(at.y), c = Math.floor(at.x), heights = data.surfaces.map((s) => s[c]);
    const passed = heights.filter((h) => h !== null && r + 0.5 >= h).length;
    const parts = [fill(words.place, { row: r + 1, column: c + 1 })];
    if (heights.includes(null)) parts.push(words.no_layers);
    else parts.push(passed > 0 && passed < heights.length ? data.layers[passed - 1].title : words.outside);
    const label = S.labels?.[Math.floor(at.y * mh / H) * mw + Math.floor(at.x * mw / W)];
    if (label) parts.push(data.lesions[label - 1].title);
    const first = heights[0], last = heights[heights.length - 1];
    if (first !== null && last !== null) {
      const rows = last - first;
      parts.push(data.umPerRow ? fill(words.thickness_um, { value: Math.round(rows * data.umPerRow) })
                               : fill(words.thickness_px, { value: rows.toFixed(1) }));
    }
    out.textContent = parts.join(' · ');
  };
  const toScan = (e) => {
    const box = frame.getBoundingClientRect(), s = scale();
    return { x: (e.clientX - box.left - frame.clientLeft - S.view.x) / s, y: (e.clientY - box.top - frame.clientTop - S.view.y) / s };
  };

  // ---- correcting
  const keep = () => drafts.set(S.id, {
    labels: S.labels, undo: S.undo, redo: S.redo, note: $('.note input').value, picture: S.picture, slice: S.slice,
    nonce: S.saving?.id === S.id ? S.saving.nonce : null,   // of the save that holds these very strokes
  });
  const dab = (x, y, stroke) => {
    const radius = S.size / 2, cx = x * mw / W, cy = y * mh / H;
    const r0 = Math.max(0, Math.floor(cy - radius)), r1 = Math.min(mh - 1, Math.ceil(cy + radius));
    const c0 = Math.max(0, Math.floor(cx - radius)), c1 = Math.min(mw - 1, Math.ceil(cx + radius));
    const one = Math.floor(cy) * mw + Math.floor(cx);   // the finest brush is one pixel, wherever in it the pointer is
    for (let r = r0; r <= r1; r++) for (let c = c0; c <= c1; c++) {
      const i = r * mw + c;
      if (i !== one && (r + 0.5 - cy) ** 2 + (c + 0.5 - cx) ** 2 > radius * radius) continue;
      if (S.size === 1 && i !== one) continue;
      if (S.labels[i] === S.brush) continue;
      stroke.places.push(i); stroke.before.push(S.labels[i]);
      S.labels[i] = S.brush;
    }
    S.stale = true;
  };
  const line = (from, to, stroke) => {
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) * mw / W / Math.max(1, S.size / 4)));
    for (let k = 0; k <= steps; k++) dab(from.x + (to.x - from.x) * k / steps, from.y + (to.y - from.y) * k / steps, stroke);
  };
  const finish = (stroke) => {
    if (!stroke?.places.length) return;
    stroke.after = S.brush;
    S.undo.push(stroke); S.redo.length = 0;
    if (S.undo.length > LONGEST_UNDO) S.undo.shift();
    keep(); controls();
  };
  const step = (from, to, values) => {
    if (S.saving || !from.length) return;
    const stroke = from.pop();
    stroke.places.forEach((i, k) => { S.labels[i] = values(stroke, k); });
    to.push(stroke); S.stale = true;
    keep(); controls(); draw();
  };
  const undo = () => step(S.undo, S.redo, (stroke, k) => stroke.before[k]);
  const redo = () => step(S.redo, S.undo, (stroke) => stroke.after);
  const brush = (value) => { S.brush = value; if (value) showAgain(value - 1); controls(); draw(); };
  const showAgain = (k) => {   // nobody paints what they cannot see
    const hidden = S.show.lesions.hidden, at = hidden.indexOf(data.lesions[k].name);
    if (at >= 0) { hidden.splice(at, 1); S.stale = true; remember(); }
  };
  const sized = (value) => { S.size = Math.min(80, Math.max(1, value)); controls(); draw(); };
  $('.start').onclick = () => { if (S.labels) { S.editing = true; brush(S.brush); tools.querySelector('[aria-checked=true]')?.focus(); } };
  $('.cancel').onclick = () => {
    load();
    S.undo = []; S.redo = []; S.editing = false; S.pointer = null; $('.note input').value = '';
    drafts.delete(S.id); controls(); place(); $('.start').focus();
  };
  $('.undo').onclick = undo;
  $('.redo').onclick = redo;
  $('.save').onclick = async () => {
    if (S.saving) return;
    const nonce = crypto.getRandomValues(new Uint32Array(2)).join('-');
    S.saving = { id: S.id, nonce }; keep(); controls();
    setTimeout(() => { if (S.saving?.nonce === nonce) { S.saving = null; S.controls(); } }, 20000);   // no answer: let them try again
    const mask = await pack(S.labels);
    setTriggerValue('review', { id: data.id, width: mw, height: mh, mask, note: $('.note input').value, nonce });
  };
  $('.size input').oninput = (e) => sized(Number(e.target.value));

  // ---- the controls say what is
  const remember = () => sessionStorage.setItem(PREFERENCES, JSON.stringify(S.show));   // over reruns, pages and reloads of this tab
  const chips = (holder, items, make) => {
    while (holder.children.length < items.length) holder.append(Object.assign(document.createElement('button'), { type: 'button', className: 'chip', innerHTML: '<i></i><span></span>' }));
    items.forEach((item, k) => {
      const chip = holder.children[k];
      chip.style.setProperty('--colour', item.colour);
      chip.querySelector('span').textContent = item.name;
      chip.title = item.title; chip.setAttribute('aria-label', item.title); chip.dataset.name = item.name;
      make(chip, k);
    });
  };
  const controls = () => {
    for (const group of ['lesions', 'layers']) {
      const box = $(`[data-group=${group}]`), mine = S.show[group], slider = box.querySelector('input');
      box.querySelector('legend').textContent = words[group];
      chips(box.querySelector('.chips'), data[group], (chip, k) => {
        chip.setAttribute('aria-pressed', String(shown(group, k)));
        chip.onclick = () => {
          const at = mine.hidden.indexOf(data[group][k].name);
          if (at >= 0) mine.hidden.splice(at, 1); else mine.hidden.push(data[group][k].name);
          S.stale = true; remember(); controls(); draw();
        };
      });
      box.querySelector('.tune span').textContent = words.opacity;
      slider.setAttribute('aria-label', `${words[group]}: ${words.opacity}`);
      slider.value = mine.opacity;
      box.querySelector('output').textContent = `${mine.opacity} %`;
      slider.oninput = () => { mine.opacity = Number(slider.value); box.querySelector('output').textContent = `${mine.opacity} %`; remember(); draw(); };
      const mode = box.querySelector('.mode');
      mode.textContent = mine.filled ? words.filled : words.outlined;
      mode.title = words.mode; mode.setAttribute('aria-label', `${words[group]}: ${words.mode} (${mode.textContent})`);
      mode.onclick = () => { mine.filled = !mine.filled; remember(); controls(); draw(); };
    }
    frame.classList.toggle('painting', S.editing);
    $('.start').hidden = S.editing;
    const elsewhere = [...drafts].filter(([id, d]) => id !== S.id && d.picture === data.picture && d.undo.length).map(([, d]) => d.slice);
    const slices = [...new Set(elsewhere)].sort((a, b) => a - b).join(', ');
    $('.unsaved').hidden = !elsewhere.length;
    $('.unsaved').textContent = elsewhere.length ? fill(data.slice ? words.unsaved_slices : words.unsaved, { slices }) : '';
    tools.hidden = !S.editing;
    chips($('.brushes'), [...data.lesions, { name: words.erase, title: words.erase, colour: '#9aa5a8' }], (chip, k) => {
      const value = k < data.lesions.length ? k + 1 : 0, chosen = S.brush === value;
      chip.setAttribute('role', 'radio'); chip.setAttribute('aria-checked', String(chosen));
      chip.tabIndex = chosen ? 0 : -1;
      chip.onclick = () => brush(value);
      chip.onkeydown = (e) => {
        const go = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
        if (!go) return;
        e.preventDefault();
        const all = [...$('.brushes').children], next = all[(k + go + all.length) % all.length];
        next.click(); next.focus();
      };
    });
    $('.size input').value = S.size;
    $('.size output').textContent = `${S.size} px`;
    $('.undo').disabled = !S.undo.length || Boolean(S.saving); $('.redo').disabled = !S.redo.length || Boolean(S.saving);
    $('.save').disabled = Boolean(S.saving);
    $('.save').textContent = S.saving ? words.saving : words.save;
  };
  S.controls = controls;
  for (const name of ['reset', 'start', 'undo', 'redo', 'cancel']) $(`.${name}`).textContent = words[name];
  $('.size span').textContent = words.size; $('.note span').textContent = words.note;
  $('.size input').setAttribute('aria-label', words.size);
  $('.note input').oninput = () => { if (drafts.has(S.id)) keep(); };
  $('.brushes').setAttribute('aria-label', words.brush);
  $('.hint').textContent = words.hint;
  $('.tools .hint').textContent = words.edit_hint;

  const ink = getComputedStyle(frame.parentElement ?? frame).color.match(/\d+/g)?.slice(0, 3).map(Number) ?? [0, 0, 0];
  for (const part of ['.groups', '.edit']) $(part).style.colorScheme = Math.max(...ink) > 140 ? 'dark' : 'light';   // the sliders' own tracks

  // ---- the picture
  image.alt = data.alt;
  if (image.src !== data.scan) image.src = data.scan;
  image.style.width = `${W}px`; image.style.height = `${H}px`;
  frame.style.aspectRatio = `${W} / ${H}`;
  frame.setAttribute('aria-label', `${data.alt}. ${words.hint}`);

  // ---- zoom, pan, point
  const zoom = (factor, px, py) => {
    const v = S.view, before = v.zoom;
    v.zoom = Math.min(24, Math.max(1, before * factor));
    v.x = px - (px - v.x) * v.zoom / before;
    v.y = py - (py - v.y) * v.zoom / before;
    place();
  };
  const reset = () => { S.view = { zoom: 1, x: 0, y: 0 }; S.cursor = null; place(); };
  frame.onwheel = (e) => {
    if (!e.ctrlKey && S.view.zoom === 1 && e.deltaY > 0) return;   // the page scrolls on
    e.preventDefault();
    const box = frame.getBoundingClientRect();
    zoom(Math.exp(-e.deltaY * 0.0015), e.clientX - box.left, e.clientY - box.top);
  };
  const fingers = (S.fingers ??= new Map());
  frame.oncontextmenu = (e) => { if (S.editing) e.preventDefault(); };   // the right button pans while the left one paints
  frame.onpointerdown = (e) => {
    frame.setPointerCapture(e.pointerId);
    fingers.set(e.pointerId, e);
    S.cursor = null;
    if (fingers.size > 1 && S.stroke) {   // a second finger: it was to be a pinch
      const { places, before } = S.stroke;
      places.forEach((i, k) => { S.labels[i] = before[k]; });
      S.stroke = null; S.stale = true; draw();
    } else if (S.editing && S.labels && !S.saving && e.button === 0 && fingers.size === 1) {
      e.preventDefault(); frame.focus();
      S.stroke = { places: [], before: [] };
      S.pointer = toScan(e);
      dab(S.pointer.x, S.pointer.y, S.stroke); draw();
    }
  };
  frame.onpointerup = frame.onpointercancel = (e) => { fingers.delete(e.pointerId); finish(S.stroke); S.stroke = null; };
  frame.onpointerleave = () => { S.pointer = null; if (!S.cursor) say(null); draw(); };
  frame.onpointermove = (e) => {
    const at = toScan(e), last = fingers.get(e.pointerId), before = S.pointer;
    S.pointer = at;
    say(at);
    if (S.stroke && last) { line(before ?? at, at, S.stroke); draw(); }
    else if (last && fingers.size === 1) { S.view.x += e.clientX - last.clientX; S.view.y += e.clientY - last.clientY; place(); }
    else if (last) {
      const other = [...fingers.entries()].find(([id]) => id !== e.pointerId)[1];
      const gap = (p) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
      const box = frame.getBoundingClientRect();
      zoom(gap(e) / Math.max(1, gap(last)), (e.clientX + other.clientX) / 2 - box.left, (e.clientY + other.clientY) / 2 - box.top);
    } else if (S.editing) draw();
    if (last) fingers.set(e.pointerId, e);
  };
  frame.ondblclick = () => { if (!S.editing) reset(); };
  $('.reset').onclick = reset;
  frame.onkeydown = (e) => {
    const w = frame.clientWidth / 2, h = frame.clientHeight / 2;
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }, arrow = arrows[e.key];
    const command = e.ctrlKey || e.metaKey, s = scale();
    if (arrow && e.shiftKey) {   // a cross that reads values, and paints, without a mouse
      const hop = Math.max(1, Math.round(6 / s));
      S.cursor ??= { x: Math.floor((w - S.view.x) / s) + 0.5, y: Math.floor((h - S.view.y) / s) + 0.5 };
      S.pointer = null;
      S.cursor.x = Math.min(W - 0.5, Math.max(0.5, S.cursor.x + arrow[0] * hop));
      S.cursor.y = Math.min(H - 0.5, Math.max(0.5, S.cursor.y + arrow[1] * hop));
      say(S.cursor); draw();
    } else if (arrow && S.view.zoom > 1) { S.view.x -= 30 * arrow[0]; S.view.y -= 30 * arrow[1]; place(); }
    else if (e.key === '+' || e.key === '=') zoom(1.25, w, h);
    else if (e.key === '-') zoom(0.8, w, h);
    else if (e.key === '0' || e.key === 'Escape') reset();
    else if (S.editing && command && e.key.toLowerCase() === 'z') (e.shiftKey ? redo : undo)();
    else if (S.editing && command && e.key.toLowerCase() === 'y') redo();
    else if (S.editing && e.key === '[') sized(S.size - 2);
    else if (S.editing && e.key === ']') sized(S.size + 2);
    else if (S.editing && S.cursor && !S.saving && (e.key === ' ' || e.key === 'Enter')) {
      const stroke = { places: [], before: [] };
      dab(S.cursor.x, S.cursor.y, stroke); finish(stroke); draw();
    } else return;
    e.preventDefault();
  };
  S.place = place;   // the observer outlives this call; the newest closure answers
  if (!S.watch) { S.watch = new ResizeObserver(() => S.place()); S.watch.observe(frame); }
  if (!S.pointer) say(S.cursor);   // also in another language
  controls();
  place();
}
