// Orders go to the queue; what becomes of them is followed.

import { announce, notify } from "./dom.js";
import { call, newId } from "./net.js";
import { orderFor, photo, photos, set, state } from "./state.js";

let awaited = null; // the batch whose picture is shown when it is done

async function add(pictures) {
  const batch = newId();
  const jobs = pictures.map((picture) => ({ order: orderFor(picture), title: state.draft.title.slice(0, 80) }));
  notify("");
  for (let tries = 0; ; tries += 1) {
    try {
      await call("POST", "api/jobs", { batch, jobs });
      return batch;
    } catch (error) {
      if (error.status || tries > 2) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 700); }); // the same batch: it is made once
    }
  }
}

export async function makeOne() {
  if (!photo() || !state.draft) return;
  try {
    awaited = await add([photo()]);
    announce("It is being made");
    await refresh();
  } catch (error) { notify(error.message); }
}

export async function makeAll() {
  try {
    await add(photos());
    announce(`${photos().length} pictures wait`);
    await refresh();
  } catch (error) { notify(error.message); }
}

export async function refresh() {
  const { active, ended } = await call("GET", "api/jobs?limit=60");
  set({ active, ended });
  const made = ended.find(({ batch }) => batch === awaited);
  if (!made) return;
  awaited = null;
  if (made.state === "failed") notify(made.error);
  else if (made.state === "done") { set({ shown: { job: made } }); announce(`${made.title} is done`); }
}

export const awaiting = (batch) => batch === awaited;

// The settings of something made before, for the photograph it was made of if that is still there.
export function repeat(job) {
  const { picture, ...order } = job.order;
  const sources = order.shares?.map(({ source }) => source) ?? [];
  const titles = Object.fromEntries(sources.map((source, k) => [source, job.title.split(" + ")[k] ?? "Your own"]));
  if (order.kind === "paint" && !order.size) order.size = order.method === "optimize" ? "auto" : "own";
  const there = photos().some(({ id }) => id === picture);
  set({ draft: { card: null, title: job.title, titles, order }, shown: null, ...(there ? { photo: picture } : {}) });
}
