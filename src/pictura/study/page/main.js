// A session: consent, practice, trials, thanks. It goes on where it was when the page is loaded again.

import { call, keep, randomId, say } from "./net.js";
import { forget, load } from "./pictures.js";
import { pair, preference, rating, tell } from "./screens.js";

const AHEAD = 4; // trials whose pictures are fetched early
const SCREENS = { "real-fake": pair, realness: rating, preference };
const HOW = {
  "real-fake": "You will see two pictures, one after the other, for one second each. One is real, the other was made by a computer. Then choose.",
  realness: "You will see pictures one at a time. Rate each from 0 (missing altogether) to 4 (compelling, as real as a photograph).",
  preference: "You will see two pictures of the same scene. Choose the one you prefer.",
};
const EYES = "Please do not take part if you are colour-blind, as it would change the result.";

function progress(done, study) {
  const practice = done < study.practice;
  const [place, total] = practice ? [done, study.practice] : [done - study.practice, study.total - study.practice];
  document.getElementById("progress").textContent = `${practice ? "Practice" : "Picture"} ${place + 1} of ${total}`;
  const bar = document.getElementById("bar");
  bar.hidden = false;
  bar.value = done / study.total;
}

function finish(score) {
  document.getElementById("progress").textContent = "";
  document.getElementById("bar").value = 1;
  const result = score === null || score === undefined ? [] : [`You were right ${Math.round(100 * score)} % of the time.`];
  tell("Thank you", [...result, "All your answers are stored. You can close this page."]);
}

async function begin(study) {
  const token = keep.get("token");
  const practice = study.practice ? [`Practice comes first (${study.practice} of ${study.total})${study.kind === "real-fake" ? "; there you are told whether you were right" : ""}.`] : [];
  if (token) {
    try {
      return { token, ...(await call("GET", "api/session", undefined, token)) };
    } catch (error) {
      if (error.status !== 404) throw error; // else the answers were begun anew
      ["token", "pending", "views"].forEach(keep.remove);
    }
  }
  await tell(study.title, [HOW[study.kind], study.question, ...practice, EYES, { small: study.consent }], "I agree, start");
  const started = await call("POST", "api/sessions");
  keep.set("token", started.token);
  return { token: started.token, ...(await call("GET", "api/session", undefined, started.token)) };
}

// Send an answer until it is stored. It is kept with its id, so that sending it twice, or after a reload, stores it once.
async function send(answer, token) {
  keep.set("pending", answer);
  let told = {};
  try {
    told = await call("POST", "api/answers", answer, token);
  } catch (error) {
    if (error.status !== 409) throw error; // a trial that another tab has answered or not reached
    location.reload();
    await new Promise(() => {});
  } finally {
    keep.remove("pending");
  }
  return told;
}

function count(position) {
  const before = keep.get("views");
  const views = before && before.position === position ? before.views + 1 : 1;
  keep.set("views", { position, views });
  return views;
}

async function run() {
  const study = await call("GET", "api/study");
  keep.open(study.id);
  document.title = study.title;
  let { token, next, trials, score } = await begin(study);
  const pending = keep.get("pending");
  if (pending && pending.position >= next) {
    ({ score } = await send(pending, token));
    next = pending.position + 1;
  }
  keep.remove("pending");
  const start = next;
  for (; next < trials.length; next += 1) {
    const trial = trials[next];
    if (next === study.practice && next > 0 && start < next) {
      await tell("Now it counts", [study.kind === "real-fake" ? "From here on you are not told what was right." : "From here on your answers are used."], "Go on");
    }
    progress(next, study);
    trials.slice(next, next + AHEAD).forEach(({ pictures, references }) => [...pictures, ...references].forEach((name) => { load(name); }));
    const views = count(next);
    const { feedback, ...given } = await SCREENS[study.kind](trial, study, next === start);
    const answer = { id: randomId(), position: next, views, ratio: devicePixelRatio || 1, ...given };
    const told = await send(answer, token);
    if (feedback && trial.practice && told.real) await feedback(told);
    forget(trial.pictures);
    document.getElementById("bar").value = (next + 1) / study.total;
    score = told.score;
  }
  finish(score);
}

run().catch((error) => say(`This page cannot go on (${error.message}). Load it again.`));
