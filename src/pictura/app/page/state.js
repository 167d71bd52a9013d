// What the page knows, and who wants to hear of it. The draft, what is to be made, outlives a reload.

const KEY = "pictura-studio";
const listeners = [];

export const state = {
  looks: null, // the cards, once they are there
  pictures: [], // photographs and paintings on the desk
  photo: null, // the id of the photograph in work
  draft: null, // {card, order, titles}
  mixing: false, // the next painting is added to the draft
  active: [], ended: [], status: { changes: 0, paused: false, waiting: 0, running: null, left: 0 },
  shown: null, // {job} or {pair: [job, job]}; null for the preview
};

export function on(names, hear) { listeners.push([names, hear]); }

export function set(changes) {
  const names = Object.keys(changes);
  Object.assign(state, changes);
  if (names.includes("draft") || names.includes("photo")) remember();
  for (const [wanted, hear] of listeners) if (wanted.some((name) => names.includes(name))) hear();
}

function remember() {
  try { localStorage.setItem(KEY, JSON.stringify({ photo: state.photo, draft: state.draft })); } catch { /* nothing is kept */ }
}

export function recall() {
  try { return JSON.parse(localStorage.getItem(KEY)) ?? {}; } catch { return {}; }
}

export const photos = () => state.pictures.filter((picture) => picture.role === "photo");
export const photo = () => state.pictures.find((picture) => picture.id === state.photo) ?? null;

// The order for one photograph: what its kind takes, and nothing else.
const FIELDS = {
  paint: ["shares", "method", "strength", "style_scale", "colours", "faces", "luma", "skin", "size", "seed"],
  translate: ["model", "direction", "strength", "seed"],
  edit: ["age", "smile", "strength", "face"],
  enlarge: ["scale", "model"],
  texture: ["width", "height", "seed"],
};
export const MEDIUM = 1280; // pixels: the usual longest side of what is painted in one pass

export function orderFor(picture, draft = state.draft) {
  const order = { kind: draft.order.kind, picture: picture.id };
  for (const name of FIELDS[order.kind]) if (draft.order[name] !== undefined && draft.order[name] !== null) order[name] = draft.order[name];
  if (order.kind !== "paint") return order;
  if (order.method !== "adain" && order.method !== "optimize") delete order.style_scale;
  if (order.method !== "photo") { delete order.luma; delete order.skin; }
  if (order.size === "auto" || order.size === undefined) {
    delete order.size; // optimization has a usual size of its own, and light has no strokes
    if (order.method === "adain" && Math.max(picture.width, picture.height) > MEDIUM) order.size = MEDIUM;
  } else if (order.size === "own") {
    delete order.size;
    if (order.method === "optimize") order.size = Math.min(8192, Math.max(picture.width, picture.height));
  }
  order.shares = order.shares.map(({ source, weight, mask }) => ({ source, weight: weight ?? 1, ...(mask ? { mask } : {}) }));
  return order;
}

export const startDraft = (card) => ({
  card: card.id, title: card.title, mixes: card.mixes, titles: Object.fromEntries((card.order.shares ?? []).map(({ source }) => [source, card.title])),
  order: { strength: 1, ...structuredClone(card.order) },
});
