// The photographs on the desk: dropped, pasted, picked; one of them is in work.

import { $, announce, button, make, notify, refocus } from "./dom.js";
import { call, send } from "./net.js";
import { on, photos, set, state } from "./state.js";
import { choose, ownCards } from "./gallery.js";

const AT_ONCE = 2;

export async function add(files, role = "photo") {
  const list = [...files].filter((file) => file.type.startsWith("image/") || /\.(tiff?|bmp|avif|webp)$/i.test(file.name));
  if (!list.length) { if (files.length) notify("That is no picture: give a JPEG, PNG, WebP or TIFF file."); return; }
  notify("");
  const added = [];
  let next = 0, failed = "";
  const work = async () => {
    while (next < list.length) {
      const file = list[next];
      next += 1;
      if (list.length > 1) announce(`Adding ${next} of ${list.length}`);
      try {
        const picture = await send(file, role);
        added.push(picture);
        set({ pictures: [...state.pictures.filter(({ id }) => id !== picture.id), picture] });
        if (role === "photo" && (added.length === 1 || !state.photo)) set({ photo: picture.id, shown: null });
      } catch (error) { failed = error.message; }
    }
  };
  $("stage").classList.add("loading");
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  $("stage").classList.remove("loading");
  if (failed) notify(failed);
  if (!added.length) return;
  announce(added.length === 1 ? `${added[0].name} added` : `${added.length} pictures added`);
  if (role === "style") choose(ownCards().find(({ id }) => id === `own-${added.at(-1).id}`));
}

async function remove(id) {
  await call("DELETE", `api/pictures/${id}`).catch((error) => notify(error.message));
  const pictures = state.pictures.filter((picture) => picture.id !== id);
  const left = pictures.filter(({ role }) => role === "photo");
  set({ pictures, ...(state.photo === id ? { photo: left[0]?.id ?? null, shown: null } : {}) });
}

function show() {
  const all = photos();
  document.body.classList.toggle("empty", !all.length);
  $("strip").hidden = !all.length;
  $("strip").replaceChildren(
    ...all.map((picture) => make("div", { className: "shot" },
      button(make("img", { src: `api/pictures/${picture.id}/thumb`, alt: picture.name, width: 72, height: 54 }), () => set({ photo: picture.id, shown: null }), { "aria-pressed": String(picture.id === state.photo) }),
      button("×", () => remove(picture.id), { className: "drop", "aria-label": `Remove ${picture.name}` }))),
    button("+", () => $("files").click(), { className: "add", "aria-label": "Add photographs" }));
}

function catchDrops(element, role) {
  let depth = 0;
  const off = () => { depth = 0; element.classList.remove("over"); };
  element.addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; element.classList.add("over"); });
  element.addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) off(); });
  element.addEventListener("dragover", (event) => event.preventDefault());
  element.addEventListener("drop", (event) => { event.preventDefault(); off(); add(event.dataTransfer.files, role); });
}

export function startStrip() {
  catchDrops(document.querySelector(".left"), "photo");
  catchDrops(document.querySelector(".right"), "style");
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
  addEventListener("paste", (event) => { if (event.clipboardData.files.length) { event.preventDefault(); add(event.clipboardData.files); } });
  for (const [id, role] of [["files", "photo"], ["painting", "style"]]) {
    $(id).addEventListener("change", () => { add([...$(id).files], role); $(id).value = ""; });
  }
  $("pick").addEventListener("click", () => $("files").click());
  $("example").addEventListener("click", async () => {
    try {
      const picture = await call("POST", "api/pictures/example");
      set({ pictures: [...state.pictures.filter(({ id }) => id !== picture.id), picture], photo: picture.id, shown: null });
    } catch (error) { notify(error.message); }
  });
  on(["pictures", "photo"], () => refocus($("strip"), show));
  show();
}
