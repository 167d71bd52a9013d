// What was made before, the latest first; it is there after a restart.

import { $, button, make, notify } from "./dom.js";
import { call } from "./net.js";
import { on, set, state } from "./state.js";

let older = [], picked = [], more = true;
const STATES = { failed: "not made" };

const when = (text) => new Date(text).toLocaleString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const all = () => { const last = state.ended.at(-1)?.place ?? Infinity; return [...state.ended, ...older.filter(({ place }) => place < last)].filter(({ state: how }) => how !== "cancelled"); };

function entry(job) {
  const done = job.state === "done";
  const open = () => { $("history").close(); set({ shown: { job } }); };
  const tick = make("input", { type: "checkbox", checked: picked.includes(job.id), "aria-label": `Choose ${job.title} to compare`, onchange: () => { picked = tick.checked ? [...picked, job.id].slice(-2) : picked.filter((id) => id !== job.id); show(); } });
  return make("article", {},
    button(done ? make("img", { src: `api/jobs/${job.id}/thumb`, alt: "", loading: "lazy" }) : make("span", { className: "hint" }, STATES[job.state]), done ? open : () => {}, { className: "open", disabled: !done, "aria-label": `${job.title}, ${done ? "open" : STATES[job.state]}` }),
    done && make("label", {}, tick),
    make("h3", {}, job.title), make("p", {}, when(job.asked)), job.error && make("p", { className: "bad" }, job.error),
    button("Remove", async () => { await call("DELETE", `api/jobs/${job.id}`).catch((error) => notify(error.message)); older = older.filter(({ id }) => id !== job.id); }, { className: "quiet small", "aria-label": `Remove ${job.title}` }));
}

function pack(jobs) {
  const counts = new Map();
  for (const { batch, state: how } of jobs) if (how === "done") counts.set(batch, (counts.get(batch) ?? 0) + 1);
  const batch = jobs.find(({ batch: one }) => counts.get(one) > 1)?.batch;
  return batch && make("a", { href: `api/batches/${batch}/zip`, download: "" }, `Download the last ${counts.get(batch)} together`);
}

function show() {
  const dialog = $("history");
  if (!dialog.open) return;
  const jobs = all(), chosen = picked.map((id) => jobs.find((job) => job.id === id)).filter(Boolean);
  const scrolled = dialog.querySelector(".past")?.scrollTop ?? 0;
  const focus = document.activeElement?.getAttribute("aria-label");
  dialog.replaceChildren(
    make("div", { className: "bar" }, make("h2", { id: "history-title" }, "Made before"), pack(jobs),
      button("Compare the two", () => { dialog.close(); set({ shown: { pair: chosen } }); picked = []; }, { disabled: chosen.length !== 2, id: "compare-two" }), button("Close", () => dialog.close(), { id: "close-history", "aria-label": "Close the history" })),
    make("div", { className: "past", tabIndex: -1 }, ...jobs.map(entry),
      !jobs.length && make("p", { className: "none" }, "Nothing yet. What you make is kept here, also when the computer was off."),
      more && jobs.length >= 60 && button("Older ones", load)));
  dialog.querySelector(".past").scrollTop = scrolled;
  if (focus) [...dialog.querySelectorAll("[aria-label]")].find((one) => one.getAttribute("aria-label") === focus)?.focus();
}

async function load() {
  const { ended } = await call("GET", `api/jobs?limit=60&before=${all().at(-1).place}`);
  older = [...older, ...ended];
  more = ended.length === 60;
  show();
}

export function startHistory() {
  $("open-history").addEventListener("click", () => { $("history").showModal(); show(); });
  on(["ended"], show);
}
