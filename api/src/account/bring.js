// A click, not the visit, uses the token up: those who look through mail follow its links.
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
const form = document.querySelector("form");
const said = document.querySelector("output");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = { token };
  if (form.elements.password) body.password = form.elements.password.value;
  try {
    const reply = await fetch(form.dataset.to, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
    });
    if (reply.ok) {
      form.hidden = true;
      said.textContent = form.dataset.done;
      return;
    }
    const problem = await reply.json();
    const error = (problem.errors || [])[0];
    const name = error && error.pointer === "/password" ? "The password" : "The link";
    said.textContent = error ? `${name} ${error.detail}.` : problem.detail;
  } catch {
    said.textContent = "The server does not answer. Try again in a moment.";
  }
});
