// Before and after on top of each other, with a handle between, at any size down to the pixels.

import { announce, make } from "./dom.js";

const MAX_PIXELS = 12; // screen pixels a picture's pixel at most
const CRISP = 2.5; // from here on pixels are shown as squares

export class Compare {
  constructor(root) {
    this.root = root;
    this.before = make("img", { alt: "" });
    this.after = make("img", { alt: "" });
    this.frame = make("div", { className: "frame" }, this.before, this.after);
    this.slide = make("input", { type: "range", className: "slide", min: 0, max: 100, value: 50, "aria-label": "Before and after: how much of each", oninput: () => this.split(Number(this.slide.value) / 100) });
    this.handle = make("div", { className: "handle", "aria-hidden": "true" });
    this.tags = ["before", "after"].map((name) => make("span", { className: `tag ${name}` }));
    this.busy = make("span", { className: "busy", hidden: true });
    root.append(this.frame, this.slide, this.handle, ...this.tags, this.busy);
    this.at = 0.5; this.scale = 1; this.x = 0; this.y = 0; this.fitted = true; this.size = [4, 3]; this.both = false;
    this.pointers = new Map();
    root.addEventListener("wheel", (event) => { event.preventDefault(); this.zoom(Math.exp(-event.deltaY / 400), event.clientX, event.clientY); }, { passive: false });
    root.addEventListener("pointerdown", (event) => this.press(event));
    root.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, (event) => { this.pointers.delete(event.pointerId); this.drags = null; });
    new ResizeObserver(() => (this.fitted ? this.fit() : this.place())).observe(root);
  }

  // pictures: {src, full, words}; after may be null. size: [width, height] in the pixels of the larger one.
  show(before, after, size, { keep = false } = {}) {
    const same = this.size[0] === size[0] && this.size[1] === size[1];
    this.size = size;
    this.shown = { before, after };
    this.both = Boolean(before && after);
    this.sharp = false;
    this.load(this.before, before);
    this.load(this.after, after);
    this.handle.hidden = !this.both; this.slide.disabled = !this.both;
    this.tags[0].textContent = before?.words ?? ""; this.tags[1].textContent = after?.words ?? "";
    this.tags[0].hidden = !this.both; this.tags[1].hidden = !after || !this.both;
    if (keep && same && !this.fitted) this.place(); else this.fit();
  }

  load(element, picture) {
    element.hidden = !picture;
    element.alt = picture?.alt ?? "";
    if (picture && element.dataset.src !== picture.src) { element.dataset.src = picture.src; element.src = picture.src; }
  }

  wait(words) { this.busy.hidden = !words; this.busy.textContent = words ?? ""; }

  get box() { return this.root.getBoundingClientRect(); }

  fit() {
    const { width, height } = this.box;
    if (!width) return;
    this.fitted = true;
    const [w, h] = this.size, room = Math.min(24, width * 0.04);
    this.scale = Math.min((width - 2 * room) / w, (height - 2 * room) / h, 8);
    this.x = (width - w * this.scale) / 2; this.y = (height - h * this.scale) / 2;
    this.place();
  }

  pixels(count = 1) { this.zoom((count / devicePixelRatio) / this.scale); announce(`${count * 100} percent`); }

  zoom(factor, clientX, clientY) {
    const box = this.box, [w, h] = this.size;
    const px = clientX === undefined ? box.width / 2 : clientX - box.left, py = clientY === undefined ? box.height / 2 : clientY - box.top;
    const least = Math.min(box.width / w, box.height / h) * 0.5;
    const scale = Math.min(Math.max(this.scale * factor, least), Math.max(MAX_PIXELS, this.scale));
    this.x = px - (px - this.x) * scale / this.scale; this.y = py - (py - this.y) * scale / this.scale;
    this.scale = scale; this.fitted = false;
    this.place();
    this.sharpen();
  }

  // The pictures themselves instead of their views, once they are looked at closely.
  sharpen() {
    if (this.sharp || !this.shown) return;
    this.sharp = true;
    for (const [element, picture] of [[this.before, this.shown.before], [this.after, this.shown.after]]) {
      if (!picture?.full) continue;
      const image = new Image();
      image.onload = () => { if (element.dataset.src === picture.src) element.src = picture.full; };
      image.src = picture.full;
    }
  }

  split(share) {
    this.at = Math.min(1, Math.max(0, share));
    this.slide.value = String(Math.round(this.at * 100));
    this.slide.setAttribute("aria-valuetext", `${Math.round(this.at * 100)} percent before`);
    this.place();
  }

  place() {
    const [w, h] = this.size, { width, height } = this.box;
    const wide = w * this.scale, high = h * this.scale;
    if (!this.fitted) { // some of it stays in sight
      this.x = Math.min(width - 60, Math.max(60 - wide, this.x)); this.y = Math.min(height - 60, Math.max(60 - high, this.y));
    }
    Object.assign(this.frame.style, { width: `${wide}px`, height: `${high}px`, transform: `translate(${this.x}px, ${this.y}px)` });
    this.root.classList.toggle("crisp", this.scale * devicePixelRatio >= CRISP);
    const edge = this.x + this.at * wide;
    this.handle.style.left = `${edge}px`;
    this.after.style.clipPath = this.both ? `inset(0 0 0 ${this.at * 100}%)` : "";
    this.onplace?.();
  }

  press(event) {
    if (event.button !== 0 || event.target.closest("button")) return;
    this.root.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.drags = event.target === this.handle || (this.fitted && this.both) ? "handle" : "picture";
    if (this.drags === "handle") this.split((event.clientX - this.box.left - this.x) / (this.size[0] * this.scale));
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    if (this.pointers.size === 2) { // two fingers
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const far = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
      this.zoom(far(now, other) / Math.max(1, far(before, other)), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else if (this.drags === "handle") this.split((now[0] - this.box.left - this.x) / (this.size[0] * this.scale));
    else if (this.drags === "picture") { this.x += now[0] - before[0]; this.y += now[1] - before[1]; this.fitted = false; this.place(); }
    this.pointers.set(event.pointerId, now);
  }
}
