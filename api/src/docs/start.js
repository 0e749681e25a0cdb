// Signs in for the viewer, and starts it.
"use strict";

// The security scheme that takes the token.
const SCHEME = "bearer";

const signIn = document.getElementById("sign-in");
const signOut = document.getElementById("sign-out");
const inputs = [...signIn.querySelectorAll("input")];
const problemPlace = document.getElementById("sign-in-problem");
const ui = document.getElementById("ui");
const who = document.getElementById("who");
const dark = matchMedia("(prefers-color-scheme: dark)");

let viewer;
let token;

// The viewer hides its dark colours behind this class.
const followColours = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followColours);
followColours();

// The viewer would send a made-up value for each filter. It sends nothing for an empty object.
const withoutMadeUpFilters = (document) => {
  for (const operations of Object.values(document.paths)) {
    for (const { parameters = [] } of Object.values(operations)) {
      for (const parameter of parameters) if (parameter.style === "deepObject") parameter.example = {};
    }
  }
  return document;
};

// Returns the part of the document that a path in it needs: what is there, and the components that it refers to. The viewer resolves
// references for each part that it shows, and takes seconds for the whole document.
const partAt = (document, path) => {
  if (path.length < 2) return document;
  const { openapi, info, components } = document;
  const part = { openapi, info, paths: {}, components: { securitySchemes: components.securitySchemes } };
  const copy = ([kind, ...names]) => {
    const depth = Math.min(names.length, 2);
    const found = names.slice(0, depth).reduce((at, name) => at?.[name], document[kind]);
    const parent = names.slice(0, depth - 1).reduce((at, name) => (at[name] ??= {}), (part[kind] ??= {}));
    const name = names[depth - 1];
    if (found === undefined || name in parent) return;
    parent[name] = found;
    for (const [, kind, name] of JSON.stringify(found).matchAll(/"#\/components\/([^/"]+)\/([^/"]+)["/]/g)) copy(["components", kind, name]);
  };
  copy(path);
  return part;
};

// Gives the controls of the viewer the names that they lack, and makes what scrolls reachable with the keyboard.
const nameControls = () => {
  for (const control of ui.querySelectorAll(":is(select, input, textarea):not([aria-label])")) {
    const around = control.closest("label, td, .opblock-section-header")?.textContent;
    const name = control.closest("[data-param-name]")?.dataset.paramName || control.placeholder || around || "Value";
    control.setAttribute("aria-label", name);
  }
  for (const button of ui.querySelectorAll(".copy-to-clipboard button:not([aria-label])")) button.setAttribute("aria-label", "Copy");
  for (const code of ui.querySelectorAll("pre:not([tabindex])")) code.tabIndex = 0;
};

// A link inside the button of an operation would be a second stop for the keyboard.
const plainSummaries = () => ({ components: { DeepLink: ({ text }) => text } });

const startViewer = async () => {
  new MutationObserver(nameControls).observe(ui, { childList: true, subtree: true });
  const response = await fetch("openapi.json");
  viewer = SwaggerUIBundle({
    spec: withoutMadeUpFilters(await response.json()),
    dom_id: "#ui",
    deepLinking: true,
    plugins: [plainSummaries],
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    onComplete: () => token && authorize(),
  });
  const { resolveSubtree } = viewer.fn;
  viewer.fn.resolveSubtree = (document, path, options) => resolveSubtree(partAt(document, path), path, options);
};

const authorize = () => viewer?.preauthorizeApiKey(SCHEME, token);

const say = (text, wrong = []) => {
  problemPlace.textContent = text;
  for (const input of inputs) input.setAttribute("aria-invalid", String(wrong.includes(input)));
  (wrong[0] ?? inputs[0]).focus();
};

const explain = async (response) => {
  const problem = await response.json();
  const [login, password, otp] = inputs;
  const code = problem.errors?.[0]?.code ?? problem.code;
  if (response.status === 429) {
    say(`Too many attempts. Try again in ${response.headers.get("Retry-After") ?? 60} seconds.`);
  } else if (code === "otp_required") {
    say("Enter the code of your second factor.", [otp]);
  } else if (code === "otp_wrong") {
    say("This code is wrong. Enter the current code, or a recovery code.", [otp]);
  } else if (code === "deactivated") {
    say("This account is deactivated. Ask an administrator to activate it.", [login]);
  } else if (response.status === 401 || response.status === 422) {
    say("The username, the e-mail address or the password is wrong.", [login, password]);
  } else {
    say(problem.detail ?? problem.title);
  }
};

signIn.addEventListener("submit", async (event) => {
  event.preventDefault();
  const empty = inputs.filter((input) => input.required && input.value === "");
  if (empty.length > 0) return say("Enter your username and your password.", empty);
  const button = signIn.querySelector("button");
  button.disabled = true;
  try {
    const filled = inputs.filter((input) => input.value !== "");
    const response = await fetch(signIn.dataset.action, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(Object.fromEntries(filled.map((input) => [input.name, input.value]))),
    });
    if (!response.ok) return await explain(response);
    const { token: newToken, user, expires_at } = await response.json();
    token = newToken;
    authorize();
    signIn.reset();
    problemPlace.textContent = "";
    const until = new Date(expires_at).toLocaleTimeString(undefined, { timeStyle: "short" });
    who.textContent = `Signed in as ${user.username} until ${until}. Requests from this page use your account.`;
    signIn.hidden = true;
    signOut.hidden = false;
    who.focus();
  } catch {
    say("The server cannot be reached. Check your connection, and try again.");
  } finally {
    button.disabled = false;
  }
});

signOut.addEventListener("submit", async (event) => {
  event.preventDefault();
  // A session that has ended already answers 401, which is as good.
  await fetch(signOut.dataset.action, { method: "POST", headers: { Authorization: `Bearer ${token}` } }).catch(() => {});
  token = undefined;
  viewer?.authActions.logout([SCHEME]);
  signOut.hidden = true;
  signIn.hidden = false;
  inputs[0].focus();
});

startViewer().catch(() => {
  document.querySelector(".loading").textContent = "The documentation cannot be loaded. Load the page again.";
});
