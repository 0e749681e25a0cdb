// What the tests of the admin share: a server, a browser, and the words of the pages.
import assert from "node:assert/strict";
import { join } from "node:path";

import { Browser, expectHeading } from "../browser.mjs";
import { Server } from "../server.mjs";

export const PASSWORD = "correct horse battery staple";
/** The requests to the API that one page may send. */
const REQUESTS = 8;

/** Checks of looks and accessibility are the same on each database. */
const isFull = process.env.CHECKS !== "none";

export const step = (text) => console.log(`-- ${text} (${(performance.now() / 1000).toFixed(1)}s)`);

export class Admin {
  static async start(program) {
    const admin = new Admin();
    admin.server = await Server.start(program, { mail: true, database: process.env.DATABASE_URL });
    admin.browser = await Browser.start(admin.server.url);
    return admin;
  }

  /** Opens a page of the admin in a browser of its own, and signs in. */
  async signIn(login, password = PASSWORD) {
    const page = await this.browser.open("/admin/");
    await this.fillSignIn(page, login, password);
    await expectHeading(page, "Dashboard");
    return page;
  }

  async fillSignIn(page, login, password = PASSWORD) {
    await page.getByLabel("Username or e-mail").fill(login);
    await page.locator("input[name=password]").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  }

  /** Opens a page of the admin anew, and fails if it sends too many requests to the API. */
  async visit(page, path, heading) {
    const requests = [];
    const listener = (request) => {
      if (request.url().includes("/api/v1/")) requests.push(`${request.method()} ${request.url().split("/api/v1")[1]}`);
    };
    page.on("request", listener);
    await page.goto("about:blank");
    await page.goto(`${this.server.url}/admin/#${path}`);
    if (heading) await expectHeading(page, heading);
    await page.waitForLoadState("networkidle");
    page.off("request", listener);
    assert.ok(requests.length <= REQUESTS, `${path} sends ${requests.length} requests:\n${requests.join("\n")}`);
    return requests;
  }

  async check(page, name) {
    if (!isFull) return;
    await page.waitForLoadState("networkidle");
    await this.browser.check(page, `admin-${name}`);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: "light" });
  }

  /** Sends a request as the user of a page. */
  async request(page, method, path, body) {
    const answer = await page.evaluate(
      async ({ method, path, body }) => {
        const { csrf_token } = await (await fetch("/api/v1/auth/cookie")).json();
        const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf_token };
        const response = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
        return { status: response.status, text: await response.text() };
      },
      { method, path, body },
    );
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.text ? JSON.parse(answer.text) : undefined;
  }

  async stop() {
    await this.browser.stop();
    step(`${this.browser.states} states of pages are in order`);
  }

  /** Shows what the pages showed when something failed. */
  async shoot() {
    for (const [index, page] of this.browser.chromium.contexts().flatMap((context) => context.pages()).entries()) {
      console.error(`page ${index} is ${page.url()}`);
      if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `failure-${index}.png`) });
    }
  }

  async end() {
    await this.browser.chromium.close();
    await this.server.stop();
  }
}

/** Fails unless a notification says this. */
export const expectNotice = (page, text) => page.locator(".MuiSnackbar-root", { hasText: text }).waitFor();

/** Chooses an option of a select or an autocomplete, which may be in a part of a page. */
export const choose = async (part, label, option, page = part) => {
  await part.getByLabel(label, { exact: typeof label === "string" }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
};

export const dialog = (page) => page.getByRole("dialog");
