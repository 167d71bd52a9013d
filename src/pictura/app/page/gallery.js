// The looks: found by words or by kind, chosen by a click. Own paintings come first.

import { $, announce, button, make } from "./dom.js";
import { on, set, startDraft, state } from "./state.js";

let group = "all";
let words = "";

const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

// A painting of one's own, as a card like the others.
export function ownCards() {
  return state.pictures.filter(({ role }) => role === "style").map((picture) => ({
    id: `own-${picture.id}`, group: "own", where: "Yours", title: picture.name.replace(/\.\w+$/, ""), about: "your own", words: "own mine painting",
    image: `api/pictures/${picture.id}/thumb`, order: { kind: "paint", method: "adain", shares: [{ source: `picture:${picture.id}` }] },
  }));
}

export const cards = () => [...ownCards(), ...(state.looks ?? [])];
export const findCard = (id) => cards().find((card) => card.id === id);
export const picture = (card) => card.image ?? (card.thumb ? `looks/${card.id}.webp` : null);
export const thumbOf = (source) => {
  const [kind, name] = source.split(":");
  return kind === "picture" ? `api/pictures/${name}/thumb` : `looks/${name}.webp`;
};

function wanted(card) {
  const text = plain(`${card.title} ${card.about} ${card.words} ${card.where}`);
  return (group === "all" || card.group === group) && plain(words).split(/\s+/).every((word) => text.includes(word));
}

export function choose(card) {
  if (state.mixing && state.draft?.order.kind === "paint" && card.order.kind === "paint") {
    const share = card.order.shares[0], { order } = state.draft;
    if (!order.shares.some(({ source }) => source === share.source)) {
      const method = ["adain", "optimize"].includes(order.method) ? order.method : "adain";
      const draft = { ...state.draft, order: { ...order, method, shares: [...order.shares, { ...share, weight: 1 }] }, titles: { ...state.draft.titles, [share.source]: card.title } };
      draft.title = draft.order.shares.map(({ source }) => draft.titles[source]).join(" + ");
      set({ draft, mixing: false, shown: null });
      announce(`${card.title} added`);
      return;
    }
  }
  set({ draft: startDraft(card), mixing: false, shown: null });
  announce(`${card.title} chosen`);
}

function show() {
  const place = $("gallery");
  place.setAttribute("aria-busy", String(state.looks === null));
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  if (state.looks === null) {
    place.replaceChildren(...Array.from({ length: 12 }, () => make("div", { className: "skeleton" })));
    return;
  }
  const found = cards().filter(wanted);
  const chosen = new Set(state.draft?.order.kind === "paint" ? state.draft.order.shares.map(({ source }) => source) : []);
  const rows = [];
  let where = null;
  for (const card of found) {
    if (card.where !== where) rows.push(make("h3", {}, where = card.where));
    const pressed = card.id === state.draft?.card || (card.group !== "quick" && card.order.kind === "paint" && chosen.has(card.order.shares[0].source) && state.draft.order.method !== "johnson");
    const src = picture(card);
    rows.push(make("button", { type: "button", className: "card", "aria-pressed": String(pressed), "data-id": card.id, tabIndex: -1, onclick: () => choose(card) },
      make("span", { className: "thumb" }, src && make("img", { src, alt: "", loading: "lazy", width: 288, height: 216 })),
      make("span", { className: "name" }, card.title), make("span", { className: "about" }, card.about)));
  }
  if (["all", "own", "paint", "light"].includes(group) && !words) {
    rows.splice(1, 0, make("button", { type: "button", className: "card", tabIndex: -1, "data-id": "add", onclick: () => $("painting").click() },
      make("span", { className: "thumb" }, make("span", { className: "plus", "aria-hidden": "true" }, "+")),
      make("span", { className: "name" }, "Your own"), make("span", { className: "about" }, "a painting or photo")));
  }
  if (!found.length) rows.push(make("p", { className: "none" }, `Nothing is called “${words}”. `, button("Show all", () => { words = ""; $("search").value = ""; group = "all"; show(); showGroups(); }, { className: "small" })));
  place.replaceChildren(...rows);
  const stop = place.querySelector(`[data-id="${CSS.escape(focused ?? state.draft?.card ?? "")}"]`) ?? place.querySelector(".card");
  if (stop) stop.tabIndex = 0;
  if (focused) stop?.focus({ preventScroll: true });
}

// One stop of the Tab key; arrows go on from there.
function steer(event) {
  const all = [...$("gallery").querySelectorAll(".card")], now = all.indexOf(document.activeElement);
  if (now < 0) return;
  const columns = getComputedStyle($("gallery")).gridTemplateColumns.split(" ").length;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -all.length, End: all.length }[event.key];
  if (!step) return;
  event.preventDefault();
  const next = all[Math.min(all.length - 1, Math.max(0, now + step))];
  all[now].tabIndex = -1; next.tabIndex = 0; next.focus();
}

function showGroups() {
  const known = [["all", "All"]];
  for (const { group: id, where } of cards()) if (!known.some(([one]) => one === id)) known.push([id, where]);
  $("groups").replaceChildren(...known.map(([id, name]) => button(name, () => { group = id; showGroups(); show(); $("gallery").scrollTop = 0; }, { "aria-pressed": String(group === id) })));
}

export function startGallery() {
  $("search").addEventListener("input", () => { words = $("search").value.trim(); if (words) group = "all"; showGroups(); show(); });
  $("gallery").addEventListener("keydown", steer);
  on(["looks", "pictures"], () => { showGroups(); show(); });
  on(["draft"], show);
  show();
}
