// Lists: pages, filters, search, columns, views, bulk changes, export, import, and the keyboard.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { expectHeading } from "../browser.mjs";
import { choose, dialog, expectNotice, step } from "./admin.mjs";

const rows = (page) => page.locator("tbody [data-row]");

const expectRows = async (page, count) => {
  await page.waitForFunction((count) => document.querySelectorAll("tbody [data-row]").length === count, count);
};

/** Pages are reached by the cursors of the pages before them, after a reload too. */
const pages = async (admin, page) => {
  const requests = await admin.visit(page, "/posts", "Posts");
  assert.match(requests.find((request) => request.startsWith("GET /posts")), /fields=/, "the list reads columns that it does not show");
  await expectRows(page, 25);
  await admin.check(page, "list");
  const first = await rows(page).first().getAttribute("data-row");
  const sent = page.waitForRequest((request) => request.url().includes("cursor="));
  await page.getByRole("button", { name: "Next" }).click();
  await sent;
  await page.getByText("26–50").waitFor();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("51–60").waitFor();
  const again = page.waitForRequest((request) => request.url().includes("cursor="));
  await page.reload();
  await again;
  await page.getByText("51–60").waitFor();
  await page.getByRole("button", { name: "First" }).click();
  await page.locator(`[data-row="${first}"]`).waitFor();
  // Without a cursor, a page behind the greatest offset says how to go on, and asks the server nothing.
  await admin.visit(page, '/posts?page=900&perPage=25&sort=id&order=DESC&filter={}', "Posts");
  await expectNotice(page, "can only be reached from the page before it");
  await expectRows(page, 25);
};

const sorting = async (admin, page) => {
  await admin.visit(page, "/posts", "Posts");
  await page.getByRole("button", { name: "Title" }).click();
  await page.locator("th[aria-sort=ascending]", { hasText: "Title" }).waitFor();
  await page.waitForURL(/sort=title/);
};

/** Several conditions are applied with one press. */
const filters = async (admin, page) => {
  await admin.visit(page, "/posts", "Posts");
  await page.getByRole("button", { name: "Filters" }).click();
  await choose(page.getByRole("group", { name: "Condition 1" }), "Field", "Status", page);
  await choose(page.getByRole("group", { name: "Condition 1" }), "Operator", "is", page);
  await choose(page.getByRole("group", { name: "Condition 1" }), "Value", "published", page);
  await page.getByRole("button", { name: "Add a condition" }).click();
  const second = page.getByRole("group", { name: "Condition 2" });
  await choose(second, "Field", "ID", page);
  await choose(second, "Operator", "is at most", page);
  await second.getByLabel("Value").fill("40");
  await admin.check(page, "filters");
  const sent = page.waitForRequest((request) => request.url().includes("/posts?"));
  await page.getByRole("button", { name: "Apply" }).click();
  const query = new URL((await sent).url()).searchParams;
  assert.deepEqual([query.get("status.eq"), query.get("id.lte")], ["published", "40"]);
  await page.getByRole("button", { name: "Remove the filter: ID is at most 40" }).click();
  await page.waitForURL((url) => !decodeURIComponent(url.hash).includes("id.lte"));
  await page.getByRole("button", { name: "Clear" }).click();
  await page.waitForURL((url) => !decodeURIComponent(url.hash).includes("status.eq"));
};

const search = async (admin, page) => {
  await admin.request(page, "POST", "/posts", { title: "A lighthouse by the sea", content: "It shines.", status: "published" });
  await admin.visit(page, "/posts", "Posts");
  await page.keyboard.press("/");
  await page.keyboard.type("lighthouse");
  await expectRows(page, 1);
  await page.getByRole("link", { name: "A lighthouse by the sea" }).waitFor();
  await page.getByRole("searchbox").fill("nothing like this");
  await page.getByText("Nothing matches the search and the filters.").waitFor();
  await admin.check(page, "list-nothing-found");
  await page.getByRole("button", { name: "Remove search and filters" }).click();
  await expectRows(page, 25);
};

/** The columns and a named view live in the address. */
const views = async (admin, page) => {
  await admin.visit(page, '/posts?filter={"status.eq":"draft"}', "Posts");
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Version" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Slug" }).click();
  await admin.check(page, "columns");
  await page.keyboard.press("Escape");
  await page.locator("th", { hasText: "Version" }).waitFor();
  await page.locator("th", { hasText: "Slug" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Views" }).click();
  await page.getByRole("menuitem", { name: "Save this view" }).click();
  await dialog(page).getByLabel("Name").fill("Drafts");
  await admin.check(page, "save-view");
  await dialog(page).getByRole("button", { name: "Save" }).click();
  const address = page.url();
  await admin.visit(page, "/posts", "Posts");
  await page.getByRole("button", { name: "Views" }).click();
  await page.getByRole("menuitem", { name: "Drafts" }).click();
  await page.locator("th", { hasText: "Version" }).waitFor();
  assert.equal(page.url(), address);
};

const select = async (page, count) => {
  for (let i = 0; i < count; i += 1) await rows(page).nth(i).getByRole("checkbox").check();
  await page.getByText(`${count} rows selected`).waitFor();
};

const bulk = async (admin, page) => {
  await admin.visit(page, '/posts?filter={"status.eq":"published"}', "Posts");
  await select(page, 3);
  await admin.check(page, "bulk");
  await page.getByRole("button", { name: "Update a field" }).click();
  await choose(dialog(page), "Field", "Status", page);
  await dialog(page).getByRole("combobox", { name: "Status", exact: true }).click();
  await page.getByRole("option", { name: "archived" }).click();
  await admin.check(page, "bulk-update");
  await dialog(page).getByRole("button", { name: "Update a field" }).click();
  await expectNotice(page, "3 rows updated");
  await admin.visit(page, '/posts?filter={"status.eq":"archived"}', "Posts");
  await select(page, 2);
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await dialog(page).getByRole("button", { name: "Delete" }).click();
  await expectNotice(page, "2 rows deleted");
  for (const [button, notice, count] of [["Restore", "1 row restored", 1], ["Purge", "1 row purged", 1]]) {
    await admin.visit(page, '/posts?filter={"deleted":"only"}', "Posts");
    await rows(page).first().getByRole("checkbox").check();
    await page.getByText(`${count} row selected`).waitFor();
    await page.getByRole("button", { name: button, exact: true }).click();
    await dialog(page).getByRole("button", { name: button }).click();
    await expectNotice(page, notice);
  }
  await page.getByText("The trash is empty.").waitFor();
};

const exports = async (admin, page) => {
  await admin.visit(page, '/posts?filter={"title.contains":"lighthouse"}', "Posts");
  await page.getByRole("button", { name: "Export" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "NDJSON" }).click();
  const lines = readFileSync(await (await download).path(), "utf8").trim().split("\n");
  assert.deepEqual(lines.map((line) => JSON.parse(line).title), ["A lighthouse by the sea"]);
};

const CSV = 'title,content,slug\nGood one,Text,\n"Bad\none",Text,Not a slug\n,Text,\nGood two,Text,\n';

/** A dry run first; then the good rows are imported, and the refused ones downloaded. */
const imports = async (admin, page) => {
  await admin.visit(page, "/posts/import", "Import posts");
  await admin.check(page, "import");
  await page.locator("input[type=file]").setInputFiles({ name: "posts.csv", mimeType: "text/csv", buffer: Buffer.from(CSV) });
  await page.getByRole("button", { name: "Check the file" }).click();
  await page.getByText("of 4 rows, 2 can be imported and 2 would be refused").waitFor();
  await admin.check(page, "import-checked");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download the refused rows" }).click();
  assert.equal(readFileSync(await (await download).path(), "utf8"), 'title,content,slug\n"Bad\none",Text,Not a slug\n,Text,\n');
  assert.equal((await admin.request(page, "GET", "/posts?title.starts_with=Good")).data.length, 0, "a dry run wrote rows");
  await page.getByLabel("Leave them out").check();
  await page.getByRole("button", { name: "Import 2 rows" }).click();
  await page.getByText("2 were created and 2 were refused").waitFor();
  await admin.check(page, "import-done");
  assert.equal((await admin.request(page, "GET", "/posts?title.starts_with=Good")).data.length, 2);
};

/** Everything is reached with the keyboard alone. */
const keyboard = async (admin, page) => {
  await admin.visit(page, "/posts", "Posts");
  await page.keyboard.press("?");
  await dialog(page).getByText("Keyboard shortcuts").waitFor();
  await admin.check(page, "shortcuts");
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("x");
  await page.getByText("1 row selected").waitFor();
  await page.keyboard.press("j");
  const name = await page.evaluate(() => document.activeElement.textContent);
  await page.keyboard.press("Enter");
  await expectHeading(page, name);
};

export const lists = async (admin) => {
  step("lists");
  admin.server.run("seed", "--users", "5", "--posts", "60", "--comments", "30");
  const page = await admin.signIn("ada");
  for (const part of [pages, sorting, filters, search, views, bulk, exports, imports, keyboard]) await part(admin, page);
  await page.context().close();
};
