// The screens: text, and one trial of each kind. A trial's function resolves to what the rater answered.

import { pause } from "./net.js";
import { expose, fit, load } from "./pictures.js";

const main = document.getElementById("main");
const RATINGS = ["missing", "bad", "acceptable", "good", "compelling"];

export function make(kind, attributes = {}, ...children) {
  const element = Object.assign(document.createElement(kind), attributes);
  element.append(...children);
  return element;
}

function show(...elements) {
  main.replaceChildren(...elements);
  scrollTo(0, 0);
}

// Text with a button; Enter and the space bar press it, as they do with every button that has the focus.
export function tell(title, paragraphs, label) {
  const button = make("button", { className: "first", textContent: label });
  const text = paragraphs.map((one) => make("p", typeof one === "string" ? { textContent: one } : { textContent: one.small, className: "small" }));
  show(make("div", { className: "text" }, make("h1", { textContent: title }), ...text, label ? button : ""));
  if (!label) return main.focus();
  button.focus();
  return new Promise((resolve) => { button.addEventListener("click", resolve, { once: true }); });
}

// A question with its buttons; resolves once, to the value of the first that is pressed, by a finger or a key.
function ask(place, question, choices, kind) {
  return new Promise((resolve) => {
    const began = performance.now();
    const done = (value) => {
      removeEventListener("keydown", press);
      place.querySelectorAll("button").forEach((button) => { button.disabled = true; });
      resolve({ answer: value, response_ms: performance.now() - began });
    };
    const press = (event) => {
      if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
      const choice = choices.find(({ keys }) => keys.includes(event.key));
      if (!choice) return;
      event.preventDefault();
      done(choice.value);
    };
    const buttons = choices.map(({ label, hint, key, value }) => {
      const button = make("button", { type: "button" }, label, " ");
      if (key) button.append(make("kbd", { textContent: key }));
      if (hint) button.append(make("small", { textContent: hint }));
      button.dataset.value = value;
      button.addEventListener("click", () => done(value), { once: true });
      return button;
    });
    place.replaceChildren(make("p", { textContent: question }), make("div", { className: `buttons ${kind}` }, ...buttons));
    addEventListener("keydown", press);
  });
}

const sides = (first, second) => [
  { label: first, key: "←", keys: ["ArrowLeft", "1"], value: "left" },
  { label: second, key: "→", keys: ["ArrowRight", "2"], value: "right" },
];

// Room for pictures: `across` beside each other, `down` below each other, above the question.
function room(across, down) {
  const gap = 24;
  return { width: (innerWidth - 32) / across - gap / 2 - 8, height: (innerHeight - 34 - 128 - 24) / down - gap / 2 - 8 };
}

const frames = (images) => images.map((image) => make("figure", {}, image));

// Two pictures, a second each, the right one after the left; asked when both are gone. The papers' times.
export async function pair(trial, study, first) {
  const images = await Promise.all(trial.pictures.map(load));
  const beside = innerWidth >= 600; // else both have the same place
  const box = room(beside ? 2 : 1, 1);
  const scale = Math.min(...images.map((image) => fit(image, box)));
  const figures = frames(images);
  figures.forEach((figure) => figure.classList.add("unseen"));
  const question = make("div", { className: "ask" });
  const stage = make("div", { className: `stage row${beside ? "" : " over"}` }, ...figures);
  show(stage, question);
  await pause(900 + (first ? 300 : 0));
  const exposure_ms = await expose(figures[0], 1000);
  await pause(600);
  const second_ms = await expose(figures[1], 1000);
  await pause(100);
  const given = await ask(question, study.question, sides("First", "Second"), "two");
  const feedback = async ({ right, real }) => {
    stage.classList.remove("over");
    stage.classList.toggle("column", !beside);
    if (!beside) images.forEach((image) => fit(image, room(1, 2)));
    figures.forEach((figure, k) => {
      const chosen = (given.answer === "left") === (k === 0);
      figure.classList.remove("unseen");
      if (chosen) figure.classList.add(right ? "right" : "wrong");
      figure.append(make("figcaption", { textContent: real[k] ? "Real" : "Fake" }));
    });
    question.replaceChildren(make("p", { textContent: right ? "✓ Right" : "✗ Wrong" }));
    await pause(2400);
  };
  return { ...given, exposure_ms, second_ms, scale, feedback };
}

export async function rating(trial, study) {
  const [image] = await Promise.all(trial.pictures.map(load));
  const scale = fit(image, room(1, 1));
  const question = make("div", { className: "ask" });
  show(make("div", { className: "row" }, ...frames([image])), question);
  const choices = RATINGS.map((hint, k) => ({ label: `${k}`, hint, keys: [`${k}`], value: `${k}` }));
  return { ...(await ask(question, study.question, choices, "five")), scale };
}

export async function preference(trial, study) {
  const [images, references] = await Promise.all([trial.pictures, trial.references].map((names) => Promise.all(names.map(load))));
  const beside = innerWidth >= innerHeight;
  const box = room(2, references.length ? 2 : 1);
  const tall = room(1, 2 + (references.length ? 1 : 0));
  const scale = Math.min(...images.map((image) => fit(image, beside ? box : tall)));
  references.forEach((image) => fit(image, { width: (innerWidth - 48) / references.length - 16, height: (beside ? box : tall).height }));
  const question = make("div", { className: "ask" });
  const rows = references.length ? [make("div", { className: "row" }, ...frames(references))] : [];
  rows.push(make("div", { className: `row${beside ? "" : " column"}` }, ...frames(images)));
  show(...rows, question);
  const [first, second] = beside ? ["Left", "Right"] : ["Upper", "Lower"];
  const choices = sides(first, second);
  if (!beside) choices.forEach((choice, k) => { choice.key = "↑↓"[k]; choice.keys.push(["ArrowUp", "ArrowDown"][k]); });
  return { ...(await ask(question, study.question, choices, "two")), scale };
}
