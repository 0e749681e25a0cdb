// Users and roles: the permission grid, assigning, explaining, deactivating, and ending the sessions of another browser.
import assert from "node:assert/strict";

import { expectHeading } from "../browser.mjs";
import { choose, dialog, expectNotice, PASSWORD, step } from "./admin.mjs";

const save = (page) => page.getByRole("button", { name: "Save", exact: true }).click();

const roleEditing = async (admin, page) => {
  await admin.visit(page, "/roles/create", "New entry in Roles");
  await page.getByLabel("Name").fill("desk");
  await page.getByLabel("roles read").check();
  await choose(page, "posts update", "all");
  await choose(page, "comments delete", "own");
  await admin.check(page, "role");
  await save(page);
  await expectHeading(page, "desk");
  const { data } = await admin.request(page, "GET", "/roles?name=desk");
  assert.deepEqual(data[0].permissions.toSorted(), ["comments.delete.own", "posts.update", "roles.read"]);
  await page.getByLabel("All of posts").check();
  await save(page);
  await expectNotice(page, "Saved");
  const changed = await admin.request(page, "GET", `/roles/${data[0].id}`);
  assert.ok(changed.permissions.includes("posts.*"));
  await admin.visit(page, "/roles", "Roles");
  await admin.check(page, "roles");
};

const createUser = async (admin, page) => {
  await admin.visit(page, "/users/create", "New entry in Users");
  await page.getByLabel("Username").fill("bea");
  await page.getByLabel("E-mail").fill("bea@example.org");
  await page.getByLabel("Password", { exact: false }).first().fill(PASSWORD);
  await admin.check(page, "user-create");
  await save(page);
  await expectHeading(page, "bea");
  await admin.check(page, "user");
  const { data } = await admin.request(page, "GET", "/users?username=bea");
  return data[0].id;
};

const assigning = async (admin, page, id) => {
  await admin.visit(page, `/users/${id}/roles`, "bea");
  await choose(page, "Assign a role", "desk");
  await page.getByRole("button", { name: "Remove the role desk" }).waitFor();
  await admin.check(page, "user-roles");
  const held = await admin.request(page, "GET", `/users/${id}/roles`);
  assert.ok(held.data.some(({ name }) => name === "desk"));
  await page.getByRole("button", { name: "Remove the role desk" }).click();
  await page.getByRole("button", { name: "Remove the role desk" }).waitFor({ state: "detached" });
};

const explaining = async (admin, page, id) => {
  await admin.visit(page, `/users/${id}/access`, "bea");
  await choose(page, "Method", "POST");
  await page.getByLabel("Path").fill("/api/v1/roles");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText("Refused (403)").waitFor();
  await page.getByText("roles.create", { exact: true }).waitFor();
  await admin.check(page, "user-access");
  await admin.visit(page, "/explain", "Access");
  await admin.check(page, "explain");
};

/** Bea is signed in elsewhere until Ada ends her sessions. */
const revocation = async (admin, page, id) => {
  const other = await admin.signIn("bea");
  await admin.check(other, "dashboard-member");
  await admin.visit(page, `/users/${id}/sessions`, "bea");
  await admin.check(page, "user-sessions");
  await page.getByRole("button", { name: "End all sessions" }).click();
  await dialog(page).getByRole("button", { name: "End" }).click();
  await page.getByText("There are no sessions.").waitFor();
  await other.getByRole("link", { name: "Posts", exact: true }).first().click();
  await other.getByText("Your session has ended. Sign in again.").waitFor();
  await other.context().close();
};

const apiKeys = async (admin, page, id) => {
  const other = await admin.signIn("bea");
  await admin.request(other, "POST", "/auth/api-keys", { name: "Backup", scopes: ["posts.read.own"] });
  await admin.visit(page, `/users/${id}/api-keys`, "bea");
  await admin.check(page, "user-keys");
  await page.getByRole("button", { name: "Revoke Backup" }).click();
  await dialog(page).getByRole("button", { name: "Revoke" }).click();
  await page.getByText("There are no API keys.").waitFor();
  await other.context().close();
};

/** What a member may not do is not offered, and what the API refuses is explained. */
const member = async (admin, id) => {
  const page = await admin.signIn("bea");
  assert.equal(await page.getByRole("link", { name: "Audit log" }).count(), 0);
  await admin.visit(page, "/users/1", "ada");
  assert.equal(await page.getByRole("button", { name: "Save" }).count(), 0, "a member is offered to change another user");
  await admin.check(page, "member-reads");
  await admin.visit(page, `/users/${id}`, "bea");
  await page.getByLabel("Username").fill("ada");
  await save(page);
  await page.locator(".Mui-error", { hasText: "taken" }).first().waitFor();
  await page.context().close();
};

const deactivating = async (admin, page, id) => {
  await admin.visit(page, `/users/${id}`, "bea");
  await page.getByLabel("Active").uncheck();
  await save(page);
  await expectNotice(page, "Saved");
  const other = await admin.browser.open("/admin/");
  await admin.fillSignIn(other, "bea");
  await other.getByRole("alert").waitFor();
  await other.context().close();
};

const audit = async (admin, page) => {
  await admin.visit(page, "/audit", "Audit log");
  await page.getByText("entries,").waitFor();
  await page.getByRole("button", { name: "Check the newest entries" }).click();
  await page.getByText("are as they were sealed").waitFor();
  await admin.check(page, "audit");
  await page.getByRole("button", { name: "Filters" }).click();
  await choose(page, "Field", "Action");
  await choose(page, "Operator", "is");
  await choose(page, "Value", "purged");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.waitForFunction(() => [...document.querySelectorAll("main ol .MuiChip-label")].every((chip) => chip.textContent === "purged"));
  await admin.visit(page, "/", "Dashboard");
  await page.getByText("Sign-ins per day").waitFor();
  await admin.check(page, "dashboard");
};

export const people = async (admin) => {
  step("users, roles and the audit log");
  const page = await admin.signIn("ada");
  await roleEditing(admin, page);
  const id = await createUser(admin, page);
  await assigning(admin, page, id);
  await explaining(admin, page, id);
  await revocation(admin, page, id);
  await apiKeys(admin, page, id);
  await member(admin, id);
  await deactivating(admin, page, id);
  await audit(admin, page);
  await page.context().close();
};
