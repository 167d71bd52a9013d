// The studio: what is where is begun here, and kept fresh by what the server tells.

import { $, notify } from "./dom.js";
import { startControls } from "./controls.js";
import { findCard, startGallery } from "./gallery.js";
import { startHistory } from "./history.js";
import { call, follow } from "./net.js";
import { startStage } from "./stage.js";
import { recall, set, startDraft, state } from "./state.js";
import { startStrip } from "./strip.js";
import { startTray } from "./tray.js";
import { refresh } from "./work.js";

let changes = -1, gone = false;

async function freshen() {
  const pictures = await call("GET", "api/pictures");
  const kept = pictures.some(({ id }) => id === state.photo) ? state.photo : pictures.find(({ role }) => role === "photo")?.id ?? null;
  if (JSON.stringify(pictures) !== JSON.stringify(state.pictures)) set({ pictures, ...(kept === state.photo ? {} : { photo: kept }) });
  await refresh();
}

function hear(status) {
  set({ status });
  if (status.changes === changes) return;
  changes = status.changes;
  freshen().catch((error) => notify(error.message));
}

function connected(yes) {
  if (!yes && !gone) { gone = true; setTimeout(() => { if (gone) notify("The studio does not answer. This page goes on when it is back."); }, 2500); }
  if (yes && gone) { gone = false; changes = -1; notify(""); }
}

async function run() {
  startGallery(); startStrip(); startControls(); startStage(); startTray(); startHistory();
  const { photo, draft } = recall();
  state.photo = photo ?? null;
  await freshen();
  follow(hear, connected);
  const looks = await call("GET", "api/looks");
  set({ looks });
  if (draft && !state.draft) set({ draft: !draft.card || findCard(draft.card) ? draft : null });
  else if (state.draft?.card && !findCard(state.draft.card)) set({ draft: startDraft(looks[0]) });
  document.body.dataset.ready = "yes";
}

run().catch((error) => notify(error.message));
$("main").hidden = false;
