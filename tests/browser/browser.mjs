// A browser whose pages fail on errors of scripts, requests to other hosts, and violations of WCAG 2.2 A and AA.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";

import axe from "axe-core";
import { chromium } from "playwright-core";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"];
/** Only the colours of the dark theme differ from the light one. */
const COLOURS = ["color-contrast", "link-in-text-block"];
const WIDTHS = [1280, 390];
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** The folder for screenshots, if they are wanted. */
const SHOTS = process.env.SHOTS;
/** A folder with a built admin, to test it without compiling the program again. */
const ADMIN = process.env.ADMIN_DIST;

export class Browser {
  static async start(origin) {
    const browser = new Browser();
    browser.origin = origin;
    // The sandbox of Chromium does not work for root in a container. It opens pages of this server only.
    browser.chromium = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    browser.problems = [];
    browser.states = 0;
    return browser;
  }

  /** Opens a page. An answer of 4xx is an error in the console of the browser, and no error of the page. */
  async open(address) {
    const context = await this.chromium.newContext({ locale: "en-GB" });
    context.setDefaultTimeout(10_000);
    if (ADMIN) await context.route(`${this.origin}/admin/**`, (route) => serveFile(route, ADMIN));
    const page = await context.newPage();
    page.on("pageerror", (error) => this.problems.push(`${page.url()}: ${error}`));
    page.on("console", (message) => {
      const isStatus = message.text().startsWith("Failed to load resource: the server responded with a status of 4");
      const isError = message.type() === "error" || message.type() === "warning";
      if (isError && !isStatus && !message.text().includes("ERR_FAILED")) this.problems.push(`${page.url()}: ${message.text()}`);
    });
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== this.origin && protocol !== "data:") this.problems.push(`${page.url()} requests ${request.url()}`);
    });
    await page.goto(new URL(address, this.origin).href);
    return page;
  }

  /** Checks a state of a page in light and dark, wide and narrow. */
  async check(page, name) {
    this.states += 1;
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        const shown = `${name} (${colorScheme}, ${width})`;
        const overflow = await overflowOf(page);
        if (overflow > 0) this.problems.push(`${shown} is ${overflow} pixels too wide`);
        if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}-${colorScheme}-${width}.png`), fullPage: true });
      }
      await settle(page);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate((rules) => window.axe.run({ runOnly: rules }), colorScheme === "light" ? RULES : COLOURS);
      for (const { id, help, nodes } of violations) {
        const [{ html, failureSummary }] = nodes;
        this.problems.push(`${name} (${colorScheme}): ${id}, ${help}, ${nodes.length} times, first ${html}\n    ${failureSummary}`);
      }
    }
  }

  async stop() {
    await this.chromium.close();
    assert.deepEqual(this.problems, [], this.problems.join("\n"));
  }
}

/** Waits until no transition is running: halfway through one, a colour is neither the old nor the new one. */
const settle = (page) =>
  page.evaluate(async () => {
    const frame = () => new Promise(requestAnimationFrame);
    const ends = (animation) => Number.isFinite(animation.effect.getComputedTiming().endTime);
    const running = () => document.getAnimations().filter((animation) => animation.playState === "running" && ends(animation));
    // A change of the page begins its transitions with the next frame.
    await frame();
    await frame();
    while (running().length > 0) {
      await Promise.allSettled(running().map((animation) => animation.finished));
      await frame();
    }
  });

/** Returns how much wider than the window a page is, once it had a moment to adapt. */
const overflowOf = async (page) => {
  const fits = () => document.documentElement.scrollWidth <= document.documentElement.clientWidth;
  await page.waitForFunction(fits, undefined, { timeout: 1_000 }).catch(() => undefined);
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
};

const serveFile = (route, folder) => {
  const name = new URL(route.request().url()).pathname.replace(/^\/admin\//, "") || "index.html";
  const path = join(folder, name);
  return existsSync(path) ? route.fulfill({ path }) : route.continue();
};

/** Fails unless the shown heading is this. */
export const expectHeading = async (page, text) => {
  await page.locator("h1:visible", { hasText: text }).waitFor();
  assert.ok((await page.title()).startsWith(text), `the title is ${await page.title()}`);
};

/** Sends the form, and fails unless exactly these inputs have an error. The first of them must have the focus. */
export const expectErrors = async (page, errors) => {
  await page.locator("button[type=submit]:visible").click();
  const ids = Object.keys(errors);
  await page.locator(`#${ids[0]}[aria-invalid=true]`).waitFor();
  const wrong = await page.locator("input[aria-invalid=true]").evaluateAll((inputs) => inputs.map((input) => input.id));
  assert.deepEqual(wrong, ids);
  for (const [id, text] of Object.entries(errors)) {
    assert.ok((await page.locator(`#${id}-error`).textContent()).includes(text), `${id}: ${await page.locator(`#${id}-error`).textContent()}`);
  }
  await page.waitForFunction((id) => document.activeElement.id === id, ids[0]);
};
