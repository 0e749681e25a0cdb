// Shows what the link of the page does, and sends the form of the page as JSON, with the token from the link.
"use strict";

const form = document.querySelector("form");
const inputs = [...form.querySelectorAll("input")];
const problemPlace = document.getElementById("problem");

// The token stays in the address until it is used, so that the page can be loaded again.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const DONE = "#done";
// Another link to the same page changes only the part after the `#`.
addEventListener("hashchange", () => location.reload());

// Shows one state of the page. Its heading gets the focus, so that screen readers read it.
const show = (state, { focus = true } = {}) => {
  for (const section of document.querySelectorAll("[data-state]")) section.hidden = section.dataset.state !== state;
  const heading = document.querySelector(`[data-state="${state}"] h1`);
  document.title = `${heading.textContent} – Atoll`;
  if (focus) heading.focus();
};

const post = (path, body) =>
  fetch(path, {
    method: "POST",
    // The user who is signed in here need not be the one the link is for.
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });

const isInvalidToken = (problem) => (problem.errors ?? []).some((error) => error.pointer === "/token");

// An input named `account.username` sets the member `username` of `account`.
const body = () => {
  const body = token === null ? {} : { token };
  for (const input of inputs) {
    const path = input.name.split(".");
    const last = path.pop();
    const place = path.reduce((at, name) => (at[name] ??= {}), body);
    place[last] = input.value;
  }
  return body;
};

const mark = (input, text) => {
  document.getElementById(input.id + "-error").textContent = text;
  input.setAttribute("aria-invalid", String(text !== ""));
};

const sayProblem = (text) => {
  problemPlace.textContent = text;
  problemPlace.hidden = text === "";
};

// The attribute `data-taken` of an input is its sentence for the code `taken`; `data-required` is for an empty input.
const sentence = (input, { code, detail }) => {
  if (input.value.trim() === "") return input.dataset.required;
  const label = document.querySelector(`label[for="${input.id}"]`).textContent;
  const verb = detail.startsWith("must ") ? "" : "is ";
  return input.dataset[code] ?? `${label} ${verb}${detail}.`;
};

// The errors of a problem that belong to no input, as one text.
const otherErrors = (problem, response) => {
  if (response.status === 429) {
    const seconds = Number(response.headers.get("Retry-After")) || 60;
    const wait = seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
    return `Too many attempts. Try again in ${wait}.`;
  }
  if (response.status >= 500) return "The server cannot do this at the moment. Try again in a minute.";
  return problem.errors?.[0]?.detail ?? problem.detail ?? problem.title;
};

const refuse = async (response) => {
  const problem = await response.json();
  if (isInvalidToken(problem)) return show("invalid");
  const errors = problem.errors ?? [];
  const refused = inputs.filter((input) => {
    const pointer = "/" + input.name.replaceAll(".", "/");
    const error = errors.find((error) => error.pointer === pointer);
    if (error) mark(input, sentence(input, error));
    return error;
  });
  if (refused.length === 0) sayProblem(otherErrors(problem, response));
  (refused[0] ?? problemPlace).focus();
};

const showPassword = (isShown) => {
  for (const button of form.querySelectorAll("[data-shows]")) {
    document.getElementById(button.dataset.shows).type = isShown ? "text" : "password";
    button.textContent = isShown ? "Hide password" : "Show password";
  }
};

for (const button of form.querySelectorAll("[data-shows]")) {
  const input = document.getElementById(button.dataset.shows);
  button.addEventListener("click", () => showPassword(input.type === "password"));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  for (const input of inputs) mark(input, "");
  sayProblem("");
  // Browsers offer to store a password only from an input of this type.
  showPassword(false);
  button.disabled = true;
  try {
    const sent = body();
    const response = await post(form.dataset.action, sent);
    if (!response.ok) return await refuse(response);
    form.reset();
    if (isSuperuser && (await signIn(sent.account))) return location.replace(form.dataset.admin);
    history.replaceState(null, "", location.pathname + DONE);
    show("done");
  } catch {
    sayProblem("The server cannot be reached. Check your connection, and try again.");
    problemPlace.focus();
  } finally {
    button.disabled = false;
  }
});

// Whether the form creates a superuser, who continues in the admin.
let isSuperuser = false;

// Signs the new user in with a cookie. Returns false if that fails: then they sign in on the next page.
const signIn = async ({ username, password }) => {
  const path = form.dataset.signIn;
  if (path === undefined) return false;
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ login: username, password }),
    signal: AbortSignal.timeout(30_000),
  }).catch(() => null);
  return response?.ok ?? false;
};

const showAccount = ({ is_superuser, roles, email }) => {
  isSuperuser = is_superuser;
  const about = document.getElementById("about");
  const names = new Intl.ListFormat("en").format(roles);
  about.textContent = is_superuser
    ? "This account will be a superuser: it may see and change everything."
    : `This account will have the ${roles.length === 1 ? "role" : "roles"} ${names}.`;
  if (email === null) return;
  const input = document.getElementById("email");
  input.value = email;
  input.readOnly = true;
  document.getElementById("email-hint").textContent = "The invitation is for this address.";
};

const showExpiry = (time) => {
  const place = document.getElementById("expiry");
  const isToday = new Date(time).toDateString() === new Date().toDateString();
  const options = isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  place.textContent = `The link works until ${new Date(time).toLocaleString(undefined, options)}.`;
};

const open = async () => {
  if (location.hash === DONE) return show("done", { focus: false });
  if (!form.dataset.purpose) return show("form", { focus: false });
  if (!token) return show("invalid", { focus: false });
  const response = await post(form.dataset.check, { token }).catch(() => null);
  if (response === null || response.status === 429 || response.status >= 500) return show("failed");
  const effect = await response.json();
  if (!response.ok || effect.purpose !== form.dataset.purpose) return show("invalid");
  if (effect.account) showAccount(effect.account);
  showExpiry(effect.expires_at);
  show("form", { focus: false });
};

document.getElementById("again")?.addEventListener("click", () => {
  show("checking");
  open();
});
open();
