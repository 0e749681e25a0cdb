// One row: create, limits, edit, conflict, history, revert, delete, restore and purge.
import assert from "node:assert/strict";

import { expectHeading } from "../browser.mjs";
import { choose, dialog, expectNotice, step } from "./admin.mjs";

const save = (page) => page.getByRole("button", { name: "Save", exact: true }).click();

/** Limits are checked before anything is sent; what only the server knows is shown at its field. */
const create = async (admin, page) => {
  await admin.visit(page, "/posts/create", "New entry in Posts");
  await admin.check(page, "create");
  let isSent = false;
  page.on("request", (request) => (isSent ||= request.method() === "POST" && request.url().endsWith("/posts")));
  await page.getByLabel("Title").fill("x".repeat(256));
  await page.getByLabel("Slug").fill("Not a slug");
  await save(page);
  await page.getByText("Use at most 255 characters; these are 256.").waitFor();
  await page.getByText("This does not match the pattern").waitFor();
  await page.getByText("Enter a value.").waitFor();
  assert.equal(isSent, false, "a form that breaks limits was sent");
  await admin.check(page, "create-limits");
  await page.getByLabel("Title").fill("First light");
  await page.getByLabel("Slug").fill("first-light");
  await page.getByLabel("Content").fill("It began at dawn.\n\nNobody saw it.");
  await save(page);
  await expectHeading(page, "First light");
  await expectNotice(page, "Created");

  await admin.visit(page, "/posts/create", "New entry in Posts");
  await page.getByLabel("Title").fill("Another");
  await page.getByLabel("Slug").fill("first-light");
  await page.getByLabel("Content").fill("…");
  await save(page);
  await page.locator(".Mui-error", { hasText: "taken" }).first().waitFor();
  await admin.check(page, "create-refused");
};

const edit = async (admin, page, id) => {
  await admin.visit(page, `/posts/${id}`, "First light");
  await admin.check(page, "edit");
  await page.getByLabel("Content").fill("It began at noon.\n\nNobody saw it.");
  await choose(page, /^Status/, "published");
  await page.getByText("Unsaved changes").waitFor();
  await save(page);
  await expectNotice(page, "Saved");
  await page.getByText("version 2").waitFor();
};

/** Someone else saves first: both values are shown, and the caller chooses field by field. */
const conflict = async (admin, page, id) => {
  await admin.visit(page, `/posts/${id}`, "First light");
  await admin.request(page, "PATCH", `/posts/${id}`, { title: "Second light", summary: "By someone else" });
  await page.getByLabel("Title").fill("Third light");
  await page.getByLabel("Content").fill("It began at night.");
  await save(page);
  await dialog(page).getByText("Someone else changed this row meanwhile").waitFor();
  await dialog(page).getByText("Also changed, and kept as saved: Summary.").waitFor();
  await admin.check(page, "conflict");
  await dialog(page).getByRole("radiogroup", { name: "Title" }).getByLabel("Saved value").check();
  await dialog(page).getByRole("button", { name: "Save the chosen values" }).click();
  await expectHeading(page, "Second light");
  const row = await admin.request(page, "GET", `/posts/${id}`);
  assert.deepEqual([row.title, row.content, row.summary], ["Second light", "It began at night.", "By someone else"]);
};

const history = async (admin, page, id) => {
  await admin.request(page, "POST", `/posts/${id}/comments`, { body: "A comment" });
  await admin.visit(page, `/posts/${id}/history`, "Second light");
  await page.locator("del", { hasText: "dawn" }).waitFor();
  await page.locator("ins", { hasText: "noon" }).waitFor();
  await admin.check(page, "history");
  await page.getByRole("button", { name: "Revert to version 1" }).click();
  await dialog(page).getByRole("button", { name: "Revert to version 1" }).click();
  await expectHeading(page, "First light");
  await page.getByText("reverted", { exact: true }).waitFor();
  const row = await admin.request(page, "GET", `/posts/${id}`);
  assert.deepEqual([row.title, row.content], ["First light", "It began at dawn.\n\nNobody saw it."]);
};

const trash = async (admin, page, id) => {
  await admin.visit(page, `/posts/${id}/comments`, "First light");
  await page.getByRole("link", { name: /A comment/ }).waitFor();
  await admin.check(page, "related");
  await admin.visit(page, `/posts/${id}`, "First light");
  await page.getByRole("button", { name: "Delete" }).click();
  await dialog(page).getByText("This also deletes 1 comments.").waitFor();
  await admin.check(page, "delete");
  await dialog(page).getByRole("button", { name: "Delete" }).click();
  await expectNotice(page, "Moved to the trash");
  await expectHeading(page, "Posts");

  await page.getByRole("tab", { name: "Trash" }).click();
  const row = page.locator(`[data-row="${id}"]`);
  await row.getByText("ada").last().waitFor();
  await admin.check(page, "trash");
  await row.getByRole("link", { name: "First light" }).click();
  await page.getByText("This row was deleted on").waitFor();
  await admin.check(page, "deleted");
  await page.getByRole("button", { name: "Restore" }).click();
  await dialog(page).getByText("comes back too").waitFor();
  await dialog(page).getByRole("button", { name: "Restore" }).click();
  await expectNotice(page, "1 row restored");
  await page.getByText("This row was deleted on").waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Delete" }).click();
  await dialog(page).getByRole("button", { name: "Delete" }).click();
  await expectHeading(page, "Posts");
  await admin.visit(page, `/posts/${id}`, "First light");
  await page.getByRole("button", { name: "Purge" }).click();
  await dialog(page).getByText("This also removes 1 comments for good.").waitFor();
  await admin.check(page, "purge");
  await dialog(page).getByRole("button", { name: "Purge" }).click();
  await expectNotice(page, "1 row purged");
  await admin.visit(page, `/posts/${id}`, "This row does not exist");
  await admin.check(page, "gone");
};

export const rows = async (admin) => {
  step("rows");
  const page = await admin.signIn("ada");
  await create(admin, page);
  const { data } = await admin.request(page, "GET", "/posts?slug=first-light");
  const [{ id }] = data;
  await edit(admin, page, id);
  await conflict(admin, page, id);
  await history(admin, page, id);
  await trash(admin, page, id);
  await page.context().close();
};
