// Talks to the server, again and again until it answers; what a rater has answered is kept in the browser until then.

const status = document.getElementById("status");
const memory = new Map(); // where the browser stores nothing
let prefix = "pictura-study";

export const keep = {
  open(study) { prefix = `pictura-study-${study}`; },
  get(name) {
    try { return JSON.parse(localStorage.getItem(`${prefix}-${name}`)); } catch { return memory.get(name) ?? null; }
  },
  set(name, value) {
    memory.set(name, value);
    try { localStorage.setItem(`${prefix}-${name}`, JSON.stringify(value)); } catch { /* memory has it */ }
  },
  remove(name) {
    memory.delete(name);
    try { localStorage.removeItem(`${prefix}-${name}`); } catch { /* it is not there */ }
  },
};

export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export function say(text) {
  status.textContent = text;
  status.hidden = !text;
}

// Wait a little longer each time, but not longer than until the connection is back.
function wait(tries) {
  const online = new Promise((resolve) => { addEventListener("online", resolve, { once: true }); });
  return Promise.race([pause(Math.min(500 * 1.6 ** tries, 5000)), online]);
}

export async function persist(attempt) {
  for (let tries = 0; ; tries += 1) {
    try {
      const result = await attempt();
      say("");
      return result;
    } catch (error) {
      if (error.final) throw error;
      if (tries > 0) say("No connection. Your answers are kept; this page goes on by itself.");
      await wait(tries);
    }
  }
}

// JSON from the server. What it refuses is final; a broken line, a full or a stopped server is not.
export function call(method, path, body, token) {
  return persist(async () => {
    const headers = { "Content-Type": "application/json" };
    if (token) headers["X-Session"] = token;
    const request = { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(10000), cache: "no-store" };
    const response = await fetch(path, request);
    if (response.ok) return response.json();
    const error = new Error(`${response.status}`);
    error.status = response.status;
    error.final = response.status < 500 && response.status !== 429;
    throw error;
  });
}

export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
