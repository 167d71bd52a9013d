// What can be said about the chosen look: two or three things at once, the rest under "More".

import { $, button, check, choose, either, make, refocus, slider } from "./dom.js";
import { thumbOf } from "./gallery.js";
import { startBrush } from "./brush.js";
import { on, photo, photos, set, state } from "./state.js";
import { makeAll, makeOne } from "./work.js";

let opened = false;
const percent = (value) => `${Math.round(value * 100)} %`;

function change(values, again = false) {
  set({ draft: { ...state.draft, order: { ...state.draft.order, ...values } }, shown: null, quietly: !again });
}

function paintFields(order) {
  const fields = [];
  const light = order.method === "photo";
  const trained = order.method === "johnson";
  const own = order.shares.length === 1 && order.shares[0].source.startsWith("picture:");
  if (own) fields.push(either("What is taken from your picture", light ? "photo" : "adain", [["adain", "Its brush"], ["photo", "Its light"]], (method) => change({ method }, true)));
  if (order.shares.length > 1) fields.push(...order.shares.map((share, k) => shareField(order, share, k)));
  if (!order.shares.some(({ mask }) => mask) || order.shares.length === 1) {
    fields.push(slider("How strong", order.strength ?? 1, { min: 0, max: 1, step: 0.05, show: percent, change: (strength) => change({ strength }) }));
  }
  if (!light && !trained) {
    fields.push(either("How it is painted", order.method, [["adain", "Quick"], ["optimize", "Best"]], (method) => change({ method }, true)));
    if (order.method === "optimize") fields.push(make("p", { className: "hint" }, "Best paints stroke by stroke and takes longer. The preview is the quick one."));
  }
  return fields;
}

function shareField(order, share, k) {
  const title = state.draft.titles[share.source] ?? "Your own";
  const weigh = (weight) => change({ shares: order.shares.map((one, n) => (n === k ? { ...one, weight } : one)) });
  const drop = () => {
    const shares = order.shares.filter((_, n) => n !== k).map(({ source, weight }) => ({ source, weight }));
    set({ draft: { ...state.draft, order: { ...order, shares }, title: shares.map(({ source }) => state.draft.titles[source]).join(" + ") }, shown: null });
  };
  return make("div", { className: "share" }, make("img", { src: thumbOf(share.source), alt: "" }),
    share.mask ? make("span", {}, `${title}, in its part`) : slider(title, share.weight ?? 1, { min: 0.1, max: 3, step: 0.1, show: (v) => `×${v.toFixed(1)}`, change: weigh }),
    button("×", drop, { className: "quiet icon", "aria-label": `Without ${title}` }));
}

function paintMore(order) {
  const light = order.method === "photo", trained = order.method === "johnson";
  const masked = order.shares.some(({ mask }) => mask);
  const fields = [make("div", { className: "row" },
    !trained && order.shares.length < 4 && button(state.mixing ? "Now choose one…" : "Mix with another", () => set({ mixing: !state.mixing }), { className: "small", "aria-pressed": String(state.mixing) }),
    photo() && button(masked ? "Change the brushed part" : "Paint only a part", () => startBrush(0), { className: "small" }),
    masked && button("Everywhere again", () => change({ shares: order.shares.map(({ source, weight }) => ({ source, weight })) }, true), { className: "small" }))];
  if (masked && order.shares.length > 1) {
    fields.push(make("div", { className: "row" }, ...order.shares.map(({ source }, k) => button(`Where is ${state.draft.titles[source] ?? "this"}?`, () => startBrush(k), { className: "small" }))));
  }
  if (!light && !trained) {
    fields.push(slider("Size of the strokes", order.style_scale ?? 1, { min: 0.5, max: 2, step: 0.1, show: (v) => `×${v.toFixed(1)}`, change: (style_scale) => change({ style_scale }) }));
  }
  if (!light) {
    fields.push(choose("Colours", order.colours ?? "style", [["style", "as in the painting"], ["keep", "as in the photograph"], ["match", "between the two"]], (colours) => change({ colours })));
    fields.push(check("Keep faces recognisable", order.faces ?? true, (faces) => change({ faces })));
    fields.push(choose("Size of the picture", order.size ?? "auto", [["auto", "as usual"], [800, "small, 800 pixels"], [1600, "large, 1600 pixels"], ["own", "as the photograph"]], (size) => change({ size })));
  } else {
    fields.push(slider("Brightness, too", order.luma ?? 1, { min: 0, max: 1, step: 0.05, show: percent, change: (luma) => change({ luma }) }));
    fields.push(check("Skin keeps its colour", order.skin ?? true, (skin) => change({ skin })));
  }
  if (order.method === "optimize") fields.push(seedField(order));
  return fields;
}

const seedField = (order) => make("div", { className: "row" }, button("Another try", () => change({ seed: (order.seed ?? 0) + 1 }, true), { className: "small" }), make("span", { className: "hint" }, `Try number ${(order.seed ?? 0) + 1}`));

function editFields(order) {
  const age = order.age ?? null, smile = order.smile ?? 0;
  return [
    slider("Smile", smile, { min: -0.5, max: 1.5, step: 0.1, show: (v) => (v === 0 ? "as it is" : v > 0 ? `+${v.toFixed(1)}` : v.toFixed(1)), change: (v) => change({ smile: v || (state.draft.order.age === null || state.draft.order.age === undefined ? 0 : null) }) }),
    check("Another age", age !== null, (on_) => change(on_ ? { age: 65 } : { age: null, smile: state.draft.order.smile ?? 0 }, true)),
    age !== null && slider("Age", age, { min: 10, max: 80, step: 1, show: (v) => `${v} years`, change: (v) => change({ age: v }) }),
  ];
}

const FIELDS = {
  paint: paintFields,
  translate: (order) => (state.draft.mixes === false ? [make("p", { className: "hint" }, "It takes a plan of coloured boxes, not a photograph.")] : [slider("How strong", order.strength ?? 1, { min: 0, max: 1.5, step: 0.05, show: percent, change: (strength) => change({ strength }) })]),
  edit: editFields,
  enlarge: (order) => [either("How much larger", order.scale, [[2, "×2"], [4, "×4"]], (scale) => change({ scale })), make("p", { className: "hint" }, "The preview is a piece from the middle.")],
  texture: (order) => [choose("Size", order.width ?? 512, [[256, "256 pixels"], [512, "512 pixels"], [1024, "1024 pixels"]], (width) => change({ width, height: width })), make("p", { className: "hint" }, "A new picture of what this one is made of. It has no preview.")],
};
const MORE = {
  paint: paintMore,
  edit: (order) => [choose("Whose face", order.face ?? "all", [["all", "everybody's"], [1, "the first from the left"], [2, "the second from the left"], [3, "the third from the left"]], (face) => change({ face }))],
  enlarge: (order) => [check("Sharper, with invented detail", order.model === "upscale-x4-sharp", (sharp) => change({ model: sharp ? "upscale-x4-sharp" : null }))],
  texture: (order) => [seedField(order)],
};

function show() {
  const form = $("controls"), { draft } = state;
  form.hidden = !draft;
  if (!draft) return;
  const { order } = draft, several = photos().length;
  const more = (MORE[order.kind]?.(order) ?? []).filter(Boolean);
  const details = more.length ? make("details", { className: "more", open: opened, ontoggle: () => { opened = details.open; } }, make("summary", {}, "More"), make("div", {}, ...more)) : null;
  const names = { enlarge: "Enlarge", texture: "Make the texture", edit: "Change the face" };
  form.replaceChildren(
    make("div", { className: "head" }, make("h2", {}, draft.title), button("Other looks", () => set({ draft: null, mixing: false, shown: null }), { className: "quiet small" })),
    ...FIELDS[order.kind](order).filter(Boolean), details ?? "",
    make("div", { className: "actions" },
      make("button", { type: "submit", className: state.shown?.job ? "" : "main", id: "make", disabled: !photo() }, photo() ? names[order.kind] ?? "Make the picture" : "First add a photograph"),
      several > 1 && button(`Make all ${several} photographs`, () => makeAll(), { id: "make-all" })));
}

export function startControls() {
  $("controls").addEventListener("submit", (event) => { event.preventDefault(); makeOne(); });
  on(["shown"], () => { if ($("make")) $("make").className = state.shown?.job ? "" : "main"; });
  on(["draft", "pictures", "photo", "mixing"], () => { if (!state.quietly) refocus($("controls"), show); state.quietly = false; });
  show();
}
