// The large picture: the photograph, its preview, steps on the way, the result; and what can be done with it.

import { $, announce, button, make, notify } from "./dom.js";
import { Compare } from "./compare.js";
import { call, image } from "./net.js";
import { on, orderFor, photo, set, state } from "./state.js";
import { awaiting, repeat } from "./work.js";

const WAIT = 120; // milliseconds that a slider rests before a preview is asked for
let compare, asking, waiting, made = null, address = null;

const source = (picture) => ({ src: `api/pictures/${picture.id}/view`, full: `api/pictures/${picture.id}/full`, words: "Before", alt: picture.name });
const result = (job, words = "After") => ({ src: `api/jobs/${job.id}/view`, full: `api/jobs/${job.id}/full`, words, alt: `${job.title}, made of a photograph` });

export const stage = { get compare() { return compare; } };

function blobAddress(packed) {
  const now = URL.createObjectURL(image(packed));
  if (address) { const old = address; setTimeout(() => URL.revokeObjectURL(old), 2000); }
  address = now;
  return now;
}

async function preview() {
  asking?.abort();
  const picture = photo();
  if (!picture || !state.draft || state.draft.order.kind === "texture" || state.shown) return;
  asking = new AbortController();
  const { signal } = asking, order = orderFor(picture);
  compare.wait("Preview…");
  try {
    const answer = await call("POST", "api/preview", { order }, { signal });
    made = { picture: picture.id, key: JSON.stringify(order), after: blobAddress(answer.after), before: answer.before ? URL.createObjectURL(image(answer.before)) : null };
    notify("");
    show();
    announce("Preview is there");
  } catch (error) {
    if (error.name === "AbortError" || error.status === 429) return;
    made = null;
    show();
    notify(error.message);
  } finally { if (!signal.aborted) compare.wait(null); }
}

function schedule() {
  clearTimeout(waiting);
  if (state.draft && photo() && !state.shown) waiting = setTimeout(preview, WAIT);
}

// What the large picture shows now, in this order: two results, a result, a step on the way, the preview, the photograph.
function show() {
  const picture = photo(), { shown, status } = state;
  let showing = shown?.pair ? "pair" : shown ? "result" : "photograph";
  $("welcome").hidden = Boolean(picture || shown);
  $("compare").hidden = !picture && !shown;
  if (shown?.pair) {
    const [a, b] = shown.pair;
    compare.show(result(a, a.title), result(b, b.title), [b.width, b.height]);
  } else if (shown?.job) {
    const { job } = shown, known = state.pictures.find(({ id }) => id === job.picture);
    const alike = job.order.kind !== "texture";
    const before = alike ? source(known ?? { id: job.picture, name: "the photograph" }) : null;
    compare.show(before, result(job), [job.width, job.height], { keep: true });
  } else if (picture) {
    const size = [picture.width, picture.height];
    const running = status.running && awaiting(status.running.batch) ? status.running : null;
    if (running?.picture) showing = "step";
    const other = state.draft?.order.kind === "texture"; // a new picture, not another one of the photograph
    if (running?.picture) compare.show(other ? null : source(picture), { src: `api/jobs/${running.id}/step?n=${running.picture}`, words: "On the way", alt: "the picture so far" }, other ? [1, 1] : size, { keep: true });
    else if (made?.picture === picture.id && state.draft) {
      showing = "preview";
      const before = made.before ? { src: made.before, words: "Before", alt: "a piece as it is" } : source(picture);
      compare.show(before, { src: made.after, words: "Preview", alt: "the preview" }, made.before ? [640, 640] : size, { keep: true });
    } else compare.show(source(picture), null, size, { keep: true });
  }
  $("compare").dataset.showing = showing;
  showTools();
}

function showTools() {
  const { shown } = state, tools = $("tools");
  tools.hidden = !photo() && !shown;
  const zoom = make("div", { className: "zoom", role: "group", "aria-label": "Zoom" },
    button("−", () => compare.zoom(1 / 1.5), { className: "quiet icon", "aria-label": "Smaller" }),
    button("Fit", () => compare.fit(), { className: "quiet" }),
    button("100 %", () => compare.pixels(), { className: "quiet", "aria-label": "Pixel by pixel" }),
    button("+", () => compare.zoom(1.5), { className: "quiet icon", "aria-label": "Larger" }));
  const key = JSON.stringify([shown?.job?.id, shown?.pair?.map(({ id }) => id), photo()?.id]);
  if (tools.dataset.key === key) return;
  tools.dataset.key = key;
  if (shown?.job) tools.replaceChildren(zoom, make("span", { className: "title" }, `${shown.job.title} · ${shown.job.width} × ${shown.job.height}`), ...jobTools(shown.job));
  else if (shown?.pair) tools.replaceChildren(zoom, make("span", { className: "title" }, shown.pair.map(({ title }) => title).join(" and ")), button("Close", () => set({ shown: null })));
  else tools.replaceChildren(zoom, make("span", { className: "title" }, photo() ? `${photo().name} · ${photo().width} × ${photo().height}` : ""));
}

function save(path) {
  const link = make("a", { href: path, download: "" });
  document.body.append(link);
  link.click();
  link.remove();
}

function jobTools(job) {
  const download = (kind) => save(`api/jobs/${job.id}/download?as=${kind}`);
  const does = [["Use it as the next photograph", () => useFurther(job)], ["Same settings again", () => repeat(job)], ["Show it as a command", () => showCommand(job)], ["Download as JPEG", () => download("jpg")], ["Download as WebP", () => download("webp")]];
  const menu = make("details", { className: "menu" }, make("summary", { "aria-label": "More to do with it" }, "···"),
    make("div", {}, ...does.map(([words, act]) => button(words, () => { menu.open = false; act(); }))));
  menu.addEventListener("focusout", (event) => { if (!menu.contains(event.relatedTarget)) menu.open = false; });
  menu.addEventListener("keydown", (event) => { if (event.key === "Escape") { menu.open = false; menu.firstChild.focus(); } });
  return [button("Back", () => set({ shown: null }), { className: "quiet" }), menu, button("Download", () => download("png"), { className: "main", id: "download" })];
}

async function useFurther(job) {
  try {
    const picture = await call("POST", `api/jobs/${job.id}/use`);
    set({ pictures: [...state.pictures, picture], photo: picture.id, draft: null, shown: null });
    notify("This picture is now the photograph: choose the next look.", true);
  } catch (error) { notify(error.message); }
}

async function showCommand(job) {
  try {
    const { command } = await call("GET", `api/jobs/${job.id}/command`);
    const dialog = $("words"), text = make("pre", { tabIndex: 0 }, command);
    const copied = button("Copy", async () => { await navigator.clipboard.writeText(command); copied.textContent = "Copied"; }, { className: "main" });
    dialog.replaceChildren(make("div", { className: "bar" }, make("h2", { id: "words-title" }, "The same as a command"), button("Close", () => dialog.close())),
      make("div", { className: "body" }, make("p", {}, "In a terminal this makes the same picture, pixel by pixel."), text, make("p", {}, copied)));
    dialog.showModal();
  } catch (error) { notify(error.message); }
}

export function startStage() {
  compare = new Compare($("compare"));
  on(["photo", "draft", "pictures"], () => { if (!state.draft) made = null; show(); schedule(); });
  on(["shown"], () => { show(); schedule(); });
  let step = "";
  on(["status"], () => {
    const { running } = state.status, now = running ? `${running.id} ${running.picture}` : "";
    if (now !== step && !state.shown) { step = now; show(); }
  });
  addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea, dialog[open], canvas") || event.ctrlKey || event.metaKey || $("compare").hidden) return;
    const does = { "+": () => compare.zoom(1.5), "-": () => compare.zoom(1 / 1.5), 0: () => compare.fit(), 1: () => compare.pixels() }[event.key];
    if (does) { event.preventDefault(); does(); }
  });
  show();
}
