// Pictures: fetched and decoded before they are needed, shown on the pixels of the screen, timed by its frames.

import { persist } from "./net.js";

const SHOWN = 256; // CSS pixels of a side: the papers' size
const ready = new Map();

export const frame = () => new Promise(requestAnimationFrame);

// A decoded picture; asked for again, the same one.
export function load(name) {
  if (!ready.has(name)) {
    ready.set(name, persist(async () => {
      const image = new Image();
      image.alt = "";
      image.draggable = false;
      image.src = `pictures/${name}`;
      await image.decode();
      return image;
    }));
  }
  return ready.get(name);
}

export function forget(names) {
  names.forEach((name) => ready.delete(name));
}

// Give a picture a whole number of screen pixels for each of its own, about SHOWN wide, and no smoothing; one that is
// larger than its box is made smaller, smoothly. Returns screen pixels per picture pixel.
export function fit(image, box) {
  const ratio = devicePixelRatio || 1;
  const { naturalWidth: width, naturalHeight: height } = image;
  const limit = Math.min((box.width * ratio) / width, (box.height * ratio) / height);
  const wanted = Math.max(1, Math.round((SHOWN * ratio) / width));
  const whole = Math.min(wanted, Math.floor(limit));
  const scale = whole >= 1 ? whole : limit;
  image.classList.toggle("crisp", whole >= 1);
  image.style.width = `${(width * scale) / ratio}px`;
  image.style.height = `${(height * scale) / ratio}px`;
  return scale;
}

// Show an element for `ms`, from one frame of the screen to another; returns the time between the two.
export async function expose(element, ms) {
  const start = await frame();
  element.classList.remove("unseen");
  let now = start;
  let step = 0;
  while (now - start + step / 2 < ms) { // the frame that is nearest
    const next = await frame();
    step = Math.min(next - now, 50);
    now = next;
  }
  element.classList.add("unseen");
  return now - start;
}
