// Sends the form of the page as JSON, with the token from the link.
"use strict";

const form = document.querySelector("form");
const message = document.getElementById("message");

// Removes the token from the browser's history.
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
history.replaceState(null, "", location.pathname);

const say = (text) => {
  message.textContent = text;
  message.focus();
};

// An input named `account.username` sets the member `username` of `account`.
const body = () => {
  const body = { token };
  for (const input of form.querySelectorAll("input")) {
    const path = input.name.split(".");
    const last = path.pop();
    const place = path.reduce((at, name) => (at[name] ??= {}), body);
    place[last] = input.value;
  }
  return JSON.stringify(body);
};

const mark = (input, text) => {
  document.getElementById(input.id + "-error").textContent = text;
  input.setAttribute("aria-invalid", text === "" ? "false" : "true");
};

const inputAt = (pointer) =>
  [...form.querySelectorAll("input")].find((input) => "/" + input.name.replaceAll(".", "/") === pointer);

const refuse = (problem) => {
  const errors = problem.errors ?? [];
  const fields = errors.map((error) => [inputAt(error.pointer), error.detail]);
  for (const [input, detail] of fields) if (input) mark(input, detail);
  const first = fields.find(([input]) => input);
  const others = errors.filter((error) => !inputAt(error.pointer));
  const stale = others.some((error) => error.pointer === "/token");
  message.textContent = stale
    ? "This link is invalid, expired or already used. Ask for a new one."
    : others[0]?.detail ?? (first ? "" : problem.detail);
  (first ? first[0] : message).focus();
};

const send = async () => {
  const response = await fetch(form.dataset.action, {
    method: "POST",
    // The user who is signed in here need not be the one the link is for.
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: body(),
  });
  if (!response.ok) return refuse(await response.json());
  form.hidden = true;
  say(form.dataset.done);
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  for (const input of form.querySelectorAll("input")) mark(input, "");
  button.disabled = true;
  try {
    await send();
  } catch {
    say("Cannot reach the server. Try again in a moment.");
  } finally {
    button.disabled = false;
  }
});

if (token === "") {
  form.hidden = true;
  say("This link is incomplete. Open it again from your e-mail or the terminal.");
}
