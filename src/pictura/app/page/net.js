// Talks to the server of this page. A token goes with whatever changes something.

const token = document.querySelector("meta[name=token]").content;

export async function call(method, path, body, options = {}) {
  const headers = { "X-Token": token };
  if (body !== undefined && !(body instanceof Blob)) headers["Content-Type"] = "application/json";
  const sent = body === undefined || body instanceof Blob ? body : JSON.stringify(body);
  let response;
  try {
    response = await fetch(path, { method, headers, body: sent, cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The studio does not answer. Is it still running?");
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const error = new Error(typeof answer.detail === "string" ? answer.detail : "That cannot be done with these settings.");
  error.status = response.status;
  throw error;
}

export const send = (file, role = "photo") =>
  call("POST", `api/pictures?role=${role}&name=${encodeURIComponent(file.name || "pasted.png")}`, file);

export const image = (packed) => new Blob([Uint8Array.from(atob(packed), (c) => c.charCodeAt(0))], { type: "image/webp" });

export const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join("");

// What goes on, as it changes. A tab that nobody sees does not hold a connection.
export function follow(hear, connected) {
  let source = null;
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource("api/events");
    source.onmessage = (event) => { connected(true); hear(JSON.parse(event.data)); };
    source.onerror = () => {
      connected(false);
      if (source.readyState === EventSource.CLOSED) { source = null; setTimeout(open, 3000); }
    };
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { source?.close(); source = null; } else open();
  });
  open();
}
