// Walks through the pages in a browser: `node check.mjs PROGRAM`. SHOTS names a folder for screenshots of each state.
import assert from "node:assert/strict";

import { Browser, expectErrors, expectHeading } from "./browser.mjs";
import { Server } from "./server.mjs";

const PASSWORD = "correct horse battery staple";
const NEW_PASSWORD = "seven purple lighthouses dancing";

const step = (text) => console.log(`-- ${text} (${(performance.now() / 1000).toFixed(1)}s)`);
const submit = (page) => page.locator("button[type=submit]:visible").click();

/** The page of a link that was used, is unknown or has no token. */
const expectInvalid = async (browser, address, name) => {
  const page = await browser.open(address);
  await expectHeading(page, "This link does not work");
  if (name) await browser.check(page, name);
  await page.context().close();
};

const startPage = async (browser, text, name) => {
  const page = await browser.open("/");
  await page.getByText(text).waitFor();
  await browser.check(page, name);
  await page.context().close();
};

const firstSuperuser = async (browser, server) => {
  await expectInvalid(browser, "/welcome", "welcome-invalid");
  const link = server.link(server.said, "welcome");
  const page = await browser.open(link);
  await expectHeading(page, "Create your account");
  await page.getByText("This account will be a superuser").waitFor();
  await browser.check(page, "welcome-empty");
  await expectErrors(page, { username: "Enter a username", email: "Enter an e-mail", password: "Enter a password" });
  await browser.check(page, "welcome-errors");

  await page.reload();
  await page.getByLabel("Username").fill("ada");
  await page.getByLabel("E-mail address").fill("ada@localhost@");
  await page.getByLabel("Password").fill("password1");
  await expectErrors(page, { email: "E-mail address must" });
  await page.getByLabel("E-mail address").fill("ada@example.org");
  await expectErrors(page, { password: "too easy to guess" });
  await page.getByRole("button", { name: "Show password" }).click();
  assert.equal(await page.getByLabel("Password").getAttribute("type"), "text");
  await page.getByLabel("Password").fill(PASSWORD);
  await submit(page);
  // The superuser is signed in already.
  await page.waitForURL(`${server.url}/admin/**`);
  await expectHeading(page, "Dashboard");
  await page.context().close();
  await expectInvalid(browser, link);
};

const invitedUser = async (browser, server) => {
  const page = await browser.open(server.link(server.run("user", "invite", "--email", "bea@example.org"), "welcome"));
  await page.getByText("This account will have the role member.").waitFor();
  assert.equal(await page.getByLabel("E-mail address").inputValue(), "bea@example.org");
  await browser.check(page, "welcome-invited");
  await page.getByLabel("Username").fill("ada");
  await page.getByLabel("Password").fill(PASSWORD);
  await expectErrors(page, { username: "This username is taken" });
  await page.getByLabel("Username").fill("bea");
  await submit(page);
  await expectHeading(page, "Your account is ready");
  await browser.check(page, "welcome-done");
  await page.reload();
  await expectHeading(page, "Your account is ready");
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.waitForURL(`${server.url}/admin/**`);
  await page.context().close();
};

const forgottenPassword = async (browser, server) => {
  const page = await browser.open("/account/forgot");
  await browser.check(page, "forgot-empty");
  await expectErrors(page, { email: "Enter an e-mail address" });
  await browser.check(page, "forgot-errors");
  await page.getByLabel("E-mail address").fill("bea@example.org");
  await submit(page);
  await expectHeading(page, "Check your e-mail");
  await browser.check(page, "forgot-done");

  const link = await server.mailedLink("account/reset");
  await page.goto(link);
  await expectHeading(page, "Choose a new password");
  await browser.check(page, "reset-empty");
  await page.getByLabel("New password").fill("short");
  await expectErrors(page, { password: "Use at least 8 characters" });
  await browser.check(page, "reset-errors");
  await page.getByLabel("New password").fill(NEW_PASSWORD);
  await submit(page);
  await expectHeading(page, "Your password has been changed");
  await browser.check(page, "reset-done");
  await page.context().close();
  await expectInvalid(browser, link, "reset-invalid");
  await server.post("/auth/login", { login: "bea", password: NEW_PASSWORD });
};

const verifiedAddress = async (browser, server) => {
  await server.post("/auth/register", { username: "cleo", email: "cleo@example.org", password: PASSWORD });
  const link = await server.mailedLink("account/verify");
  const page = await browser.open(link);
  await expectHeading(page, "Confirm your e-mail address");
  await browser.check(page, "verify-empty");
  await page.getByLabel("Password", { exact: true }).fill("wrong password");
  await expectErrors(page, { password: "This is not the password of the account" });
  await browser.check(page, "verify-errors");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await submit(page);
  await expectHeading(page, "Your e-mail address is confirmed");
  await browser.check(page, "verify-done");
  await page.context().close();
  await expectInvalid(browser, link, "verify-invalid");
};

const unreachableServer = async (browser, server) => {
  const page = await browser.open("/");
  const check = "**/one-time-tokens/check";
  await page.route(check, (route) => route.abort());
  await page.goto(server.link(server.run("user", "invite", "--superuser"), "welcome"));
  await expectHeading(page, "The link cannot be checked");
  await browser.check(page, "welcome-failed");
  await page.unroute(check);
  await page.getByRole("button", { name: "Try again" }).click();
  await expectHeading(page, "Create your account");
  await page.context().close();
};

/** Opens an operation of the viewer, executes it, and returns the request that it sent. */
const execute = async (page, tag, path) => {
  const group = page.locator(`.opblock-tag[data-tag="${tag}"]`);
  if ((await group.getAttribute("data-is-open")) === "false") await group.click();
  const operation = page.locator(".opblock-get", { has: page.locator(`[data-path="/api/v1${path}"]`) });
  await operation.locator(".opblock-summary-control").click();
  await operation.getByRole("button", { name: "Try it out" }).click();
  const sent = page.waitForRequest((request) => new URL(request.url()).pathname === `/api/v1${path}`);
  await operation.getByRole("button", { name: "Execute" }).click();
  const request = await sent;
  const response = await request.response();
  assert.equal(response.status(), 200, `GET ${path} answers ${response.status()}`);
  await operation.locator(".live-responses-table .response-col_status", { hasText: "200" }).waitFor();
  return request;
};

const documentation = async (browser) => {
  const page = await browser.open("/docs");
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  await page.locator(".opblock-tag").first().waitFor();
  const shown = await page.evaluate(() => performance.now());
  step(`the first paint of /docs is after ${Math.round(paint)} ms, its groups are shown after ${Math.round(shown)} ms`);
  assert.ok(paint < shown, "nothing is shown before the viewer is loaded");
  const groups = await page.locator(".opblock-tag").evaluateAll((tags) => tags.map((tag) => [tag.dataset.tag, tag.dataset.isOpen]));
  assert.deepEqual(groups.slice(0, 2).map(([tag]) => tag), ["auth", "users"]);
  assert.ok(groups.every(([, isOpen]) => isOpen === "false"), `groups are open: ${groups}`);
  await browser.check(page, "docs");

  await page.getByLabel("Username or e-mail").fill("ada");
  await page.getByLabel("Password").fill("wrong password");
  await page.locator("#sign-in button").click();
  await page.getByText("password is wrong").waitFor();
  await browser.check(page, "docs-errors");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.locator("#sign-in button").click();
  await page.getByText("Signed in as ada").waitFor();
  const me = await execute(page, "auth", "/auth/me");
  assert.match((await me.allHeaders()).authorization, /^Bearer /);
  const list = await execute(page, "posts", "/posts");
  assert.equal(new URL(list.url()).search, "", "the viewer sends parameters that were not filled in");
  await browser.check(page, "docs-signed-in");
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByLabel("Username or e-mail").waitFor();
  await page.context().close();
};

const scriptsAreCached = async (server) => {
  const page = await (await fetch(`${server.url}/docs`)).text();
  for (const [file] of page.matchAll(/docs\/swagger-ui[^"]*/g)) {
    const { headers } = await fetch(`${server.url}/${file}`, { headers: { "Accept-Encoding": "gzip" } });
    assert.equal(headers.get("content-encoding"), "gzip", file);
    assert.match(headers.get("cache-control"), /immutable/, file);
  }
};

const withoutMail = async (program) => {
  const server = await Server.start(program, { mail: false });
  const browser = await Browser.start(server.url);
  try {
    const page = await browser.open("/account/forgot");
    await page.getByText("This server sends no e-mail").waitFor();
    await browser.check(page, "forgot-no-mail");
    await browser.stop();
  } finally {
    await browser.chromium.close();
    await server.stop();
  }
};

const program = process.argv[2];
const server = await Server.start(program, { mail: true });
const browser = await Browser.start(server.url);
try {
  step("the first superuser");
  await startPage(browser, "None exists yet", "start-empty");
  await firstSuperuser(browser, server);
  step("the documentation");
  await documentation(browser);
  await scriptsAreCached(server);
  step("the other pages");
  await Promise.all([
    startPage(browser, "A superuser exists", "start"),
    invitedUser(browser, server).then(() => forgottenPassword(browser, server)),
    verifiedAddress(browser, server).then(() => unreachableServer(browser, server)),
    withoutMail(program),
  ]);
  await browser.stop();
  step(`${browser.states} states of pages are in order`);
} finally {
  await browser.chromium.close();
  await server.stop();
}
