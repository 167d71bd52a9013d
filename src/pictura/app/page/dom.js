// Small helpers: elements, words, and what a screen reader hears.

export const $ = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const button = (text, onclick, properties = {}) => make("button", { type: "button", onclick, ...properties }, text);

let telling;
export function announce(text) { // a pause, so that what is typed or pulled does not talk all the time
  clearTimeout(telling);
  telling = setTimeout(() => { $("live").textContent = text; }, 150);
}

let hiding;
export function notify(text, good = false) {
  const place = $("notice");
  clearTimeout(hiding);
  place.textContent = text;
  place.hidden = !text;
  place.classList.toggle("good", good);
  if (text) hiding = setTimeout(() => { place.hidden = true; }, good ? 4000 : 12000);
}

export function duration(seconds) {
  if (seconds < 1.5) return "a second";
  if (seconds < 90) return `${Math.round(seconds)} seconds`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} minutes`;
  return `${Math.round(seconds / 360) / 10} hours`;
}

// A number with its name: a slider that also says what it is at.
export function slider(label, value, { min, max, step, show, change }) {
  const output = make("output", {}, show(value));
  const input = make("input", {
    type: "range", min, max, step, value,
    oninput: () => { output.textContent = show(Number(input.value)); input.setAttribute("aria-valuetext", output.textContent); change(Number(input.value)); },
  });
  input.setAttribute("aria-valuetext", show(value));
  return make("label", { className: "field" }, make("span", { className: "line" }, make("span", {}, label), output), input);
}

export function check(label, value, change) {
  const input = make("input", { type: "checkbox", checked: value, onchange: () => change(input.checked) });
  return make("label", { className: "check" }, input, make("span", {}, label));
}

export function choose(label, value, options, change) {
  const select = make("select", { onchange: () => change(options[select.selectedIndex][0]) },
    ...options.map(([one, words]) => make("option", { value: String(one), selected: one === value }, words)));
  return make("label", { className: "field" }, make("span", {}, label), select);
}

// Renders a part anew, with the focus where it was.
export function refocus(root, render) {
  const all = () => [...root.querySelectorAll("button, input, select, summary, a")];
  const place = all().indexOf(document.activeElement);
  render();
  if (place >= 0) all()[Math.min(place, all().length - 1)]?.focus({ preventScroll: true });
}

let groups = 0;
export function either(label, value, options, change) {
  const name = `either-${groups += 1}`;
  return make("div", { className: "either", role: "radiogroup", "aria-label": label }, ...options.map(([one, words]) => make("label", {},
    make("input", { type: "radio", name, value: String(one), checked: one === value, onchange: () => change(one) }), make("span", {}, words))));
}
