// What is being made: how far it is, how long it takes, and how to stop it.

import { $, button, duration, make, notify } from "./dom.js";
import { call } from "./net.js";
import { on, state } from "./state.js";

const change = (method, path, body) => call(method, path, body).catch((error) => notify(error.message));
let parts = null;

function build() {
  const bar = make("progress", { max: 1, "aria-label": "Progress" });
  const title = make("b"), words = make("span");
  const stop = button("Cancel", () => { if (state.status.running) change("POST", "api/jobs/cancel", { ids: [state.status.running.id] }); }, { className: "small", id: "cancel" });
  const pause = button("Pause", () => change("POST", "api/queue", { paused: !state.status.paused }), { className: "small", id: "pause" });
  const all = button("Cancel all", () => change("POST", "api/jobs/cancel", { ids: state.active.map(({ id }) => id) }), { className: "small", id: "cancel-all" });
  $("tray").replaceChildren(make("div", { className: "row" }, make("p", { className: "words" }, title, words), pause, stop, all), bar);
  return { bar, title, words, stop, pause, all };
}

export function progressOf(running) {
  if (running.steps) return running.step / running.steps;
  return running.expected > 0 ? Math.min(0.97, running.seconds / Math.max(running.expected, running.seconds + 0.2)) : null;
}

function say(status) {
  const { running, waiting, paused, left } = status;
  const words = [];
  if (running?.steps) words.push(`step ${running.step} of ${running.steps}`);
  if (running) words.push(running.steps && running.step < 4 ? "working out how long it takes" : running.left > 1 ? `about ${duration(running.left)} left` : "almost there");
  if (waiting) words.push(`${waiting} more ${waiting === 1 ? "waits" : "wait"}${running || !paused ? `, about ${duration(left)} in all` : ""}`);
  if (paused) words.push(running ? "pauses after this one" : "paused");
  return words.join(" · ");
}

function show() {
  const { running, waiting, paused } = state.status;
  const busy = Boolean(running || waiting);
  $("tray").hidden = !busy;
  if (!busy) { parts = null; return; }
  parts ??= build();
  parts.title.textContent = running ? running.title : paused ? "Paused" : "Beginning…";
  parts.words.textContent = say(state.status);
  parts.pause.textContent = paused ? "Go on" : "Pause";
  parts.pause.hidden = !waiting && !paused;
  parts.stop.hidden = !running;
  parts.all.hidden = !waiting;
  const done = running ? progressOf(running) : 0;
  if (done === null) parts.bar.removeAttribute("value"); else parts.bar.value = done;
}

export function startTray() { on(["status", "active"], show); }
