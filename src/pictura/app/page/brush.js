// A brush on the large picture: white is where a style goes. With undo, and by keyboard, too.

import { $, announce, button, make, notify } from "./dom.js";
import { send } from "./net.js";
import { photo, set, state } from "./state.js";
import { stage } from "./stage.js";

const SIDE = 1024; // pixels of the mask's longer side
const MOST = 30; // strokes that can be taken back

export function startBrush(index) {
  const picture = photo();
  if (!picture || $("compare").querySelector("canvas")) return;
  const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  const canvas = make("canvas", { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale), tabIndex: 0, role: "img", "aria-label": "Brush: arrow keys move it, space paints, Ctrl+Z takes back" });
  const ink = canvas.getContext("2d", { willReadFrequently: true });
  const strokes = [];
  let size = 0.12, erase = false, drawing = false, last = null;
  const key = { x: canvas.width / 2, y: canvas.height / 2 };
  const frame = stage.compare.frame;
  set({ shown: null });
  stage.compare.fit();
  frame.append(canvas);
  $("compare").querySelector(".handle").style.visibility = "hidden";

  const keep = () => { strokes.push(ink.getImageData(0, 0, canvas.width, canvas.height)); if (strokes.length > MOST) strokes.shift(); back.disabled = false; };
  const undo = () => { const before = strokes.pop(); if (before) ink.putImageData(before, 0, 0); back.disabled = !strokes.length; announce("Taken back"); };
  const dot = (to) => {
    const from = last ?? to, width = size * Math.max(canvas.width, canvas.height);
    ink.globalCompositeOperation = erase ? "destination-out" : "source-over";
    Object.assign(ink, { strokeStyle: "#ff5a1f", lineWidth: width, lineCap: "round", lineJoin: "round" });
    ink.beginPath(); ink.moveTo(from.x, from.y); ink.lineTo(to.x + 0.01, to.y); ink.stroke();
    last = to;
  };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width * canvas.width, y: (event.clientY - box.top) / box.height * canvas.height };
  };
  canvas.addEventListener("pointerdown", (event) => { event.stopPropagation(); canvas.setPointerCapture(event.pointerId); keep(); drawing = true; last = null; dot(at(event)); });
  canvas.addEventListener("pointermove", (event) => { if (drawing) { event.stopPropagation(); dot(at(event)); } });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { drawing = false; last = null; });
  canvas.addEventListener("keydown", (event) => {
    const step = canvas.width / 24, move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (move) { key.x = Math.min(canvas.width, Math.max(0, key.x + step * move[0])); key.y = Math.min(canvas.height, Math.max(0, key.y + step * move[1])); if (event.shiftKey) dot(key); announce(`${Math.round(key.x / canvas.width * 100)} across, ${Math.round(key.y / canvas.height * 100)} down`); }
    else if (event.key === " ") { keep(); last = null; dot({ ...key }); last = null; announce("Painted"); }
    else if (event.key === "z" && (event.ctrlKey || event.metaKey)) undo();
    else if (event.key === "Escape") end();
    else return;
    event.preventDefault();
  });

  const back = button("Undo", undo, { className: "small", disabled: true });
  const rub = button("Erase", () => { erase = !erase; rub.setAttribute("aria-pressed", String(erase)); }, { className: "small", "aria-pressed": "false" });
  const wide = make("input", { type: "range", min: 0.02, max: 0.4, step: 0.01, value: size, oninput: () => { size = Number(wide.value); } });
  const done = button("Done", finish, { className: "main small", id: "brush-done" });
  $("brushes").replaceChildren(make("span", {}, "Paint where it goes"), make("label", {}, "Width", wide), rub, back, button("Clear", () => { keep(); ink.clearRect(0, 0, canvas.width, canvas.height); }, { className: "small" }), button("Cancel", end, { className: "small" }), done);
  $("brushes").hidden = false;
  canvas.focus();

  function end() {
    canvas.remove();
    $("brushes").hidden = true;
    $("compare").querySelector(".handle").style.visibility = "";
  }

  // White where it was painted; for a mix the others get the rest, in equal parts.
  async function finish() {
    const drawn = ink.getImageData(0, 0, canvas.width, canvas.height);
    if (!drawn.data.some((value, k) => k % 4 === 3 && value > 0)) { notify("Nothing is painted yet: brush over the part, or cancel."); return; }
    try {
      const shares = structuredClone(state.draft.order.shares), others = shares.length - 1;
      const inside = await send(await asMask(drawn, (a) => a), "mask");
      const outside = others ? await send(await asMask(drawn, (a) => (255 - a) / others), "mask") : null;
      shares.forEach((share, k) => { share.mask = k === index ? inside.id : outside.id; });
      end();
      set({ draft: { ...state.draft, order: { ...state.draft.order, shares } }, shown: null });
    } catch (error) { notify(error.message); }
  }
}

function asMask(drawn, value) {
  const canvas = make("canvas", { width: drawn.width, height: drawn.height });
  const pixels = new ImageData(drawn.width, drawn.height);
  for (let k = 0; k < drawn.data.length; k += 4) {
    pixels.data[k] = pixels.data[k + 1] = pixels.data[k + 2] = value(drawn.data[k + 3]);
    pixels.data[k + 3] = 255;
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return new Promise((resolve) => { canvas.toBlob((blob) => { blob.name = "mask.png"; resolve(blob); }, "image/png"); });
}
