// The own account: profile, password, second factor, sessions, API keys and data.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { expectHeading } from "../browser.mjs";
import { totp } from "../totp.mjs";
import { choose, dialog, expectNotice, PASSWORD, step } from "./admin.mjs";

const NEW_PASSWORD = "seven purple lighthouses dancing";

const profile = async (admin, page) => {
  await admin.visit(page, "/account", "Your account");
  await admin.check(page, "account");
  await page.getByLabel("Full name").fill("Cleo Example");
  await page.getByRole("button", { name: "Save" }).click();
  await expectNotice(page, "Saved");
  await page.getByLabel("E-mail").fill("cleo.new@example.org");
  await page.getByLabel("Current password").fill("wrong password");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".Mui-error", { hasText: "password" }).first().waitFor();
};

const password = async (admin, page) => {
  await admin.visit(page, "/account/password", "Your account");
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByLabel("New password").fill("password1");
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.locator(".Mui-error", { hasText: "guess" }).first().waitFor();
  await admin.check(page, "account-password");
  await page.getByLabel("New password").fill(NEW_PASSWORD);
  await page.getByRole("button", { name: "Change the password" }).click();
  await expectNotice(page, "The password is changed");
};

/** Once it is on, a sign-in asks for a code; a recovery code turns it off. */
const secondFactor = async (admin, page) => {
  await admin.visit(page, "/account/second-factor", "Your account");
  await page.getByLabel("Current password").fill(NEW_PASSWORD);
  await page.getByRole("button", { name: "Set up" }).click();
  await page.getByRole("img", { name: "QR code" }).waitFor();
  await admin.check(page, "totp");
  const secret = await page.getByLabel("Secret", { exact: true }).inputValue();
  await page.getByLabel("Code", { exact: false }).last().fill(totp(secret));
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.getByRole("list", { name: "Recovery codes" }).waitFor();
  const codes = await page.getByRole("list", { name: "Recovery codes" }).getByRole("listitem").allTextContents();
  assert.equal(codes.length, 10);
  await admin.check(page, "totp-codes");
  await page.getByRole("button", { name: "I have saved them" }).click();
  await page.getByText("Your account has a second factor.").waitFor();

  const other = await admin.browser.open("/admin/");
  await admin.fillSignIn(other, "cleo", NEW_PASSWORD);
  await other.getByText("Your account has a second factor.").waitFor();
  await admin.check(other, "sign-in-code");
  await other.getByLabel("Code").fill("000000");
  await other.getByRole("button", { name: "Sign in" }).click();
  await other.getByRole("alert").waitFor();
  await other.getByLabel("Code").fill(totp(secret, 1));
  await other.getByRole("button", { name: "Sign in" }).click();
  await expectHeading(other, "Dashboard");
  await other.context().close();

  await page.getByLabel("Code").fill(codes[0]);
  await page.getByRole("button", { name: "Turn off" }).click();
  await page.getByRole("button", { name: "Set up" }).waitFor();
};

const sessions = async (admin, page) => {
  const other = await admin.signIn("cleo", NEW_PASSWORD);
  await admin.visit(page, "/account/sessions", "Your account");
  await page.getByText("This one").waitFor();
  await admin.check(page, "account-sessions");
  await page.getByRole("button", { name: "End all other sessions" }).click();
  await dialog(page).getByRole("button", { name: "End" }).click();
  await page.getByRole("button", { name: "End all other sessions" }).waitFor({ state: "detached" });
  await other.reload();
  await other.getByText("Your session has ended. Sign in again.").waitFor();
  await other.context().close();
};

/** A key is shown once, and works. */
const keys = async (admin, page) => {
  await admin.visit(page, "/account/api-keys", "Your account");
  await page.getByLabel("Name").fill("Backup");
  await choose(page, /^Scopes/, "users.read.own");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Create the key" }).click();
  const key = await page.getByLabel("Key Backup").inputValue();
  assert.match(key, /^atoll_/);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  await admin.check(page, "account-keys");
  const response = await fetch(`${admin.server.url}/api/v1/auth/me`, { headers: { Authorization: `Bearer ${key}` } });
  assert.equal(response.status, 200);
  await admin.visit(page, "/account/api-keys", "Your account");
  await page.getByRole("button", { name: "Revoke Backup" }).waitFor();
  assert.equal(await page.getByLabel("Key Backup").count(), 0);
};

const data = async (admin, page) => {
  await admin.visit(page, "/account/data", "Your account");
  await admin.check(page, "account-data");
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download your data" }).click();
  const archive = readFileSync(await (await download).path());
  assert.equal(archive.subarray(0, 2).toString(), "PK");
};

export const account = async (admin) => {
  step("the own account");
  const ada = await admin.signIn("ada");
  await admin.request(ada, "POST", "/users", { username: "cleo", email: "cleo@example.org", password: PASSWORD });
  await ada.context().close();
  const page = await admin.signIn("cleo");
  for (const part of [profile, password, secondFactor, sessions, keys, data]) await part(admin, page);
  await admin.visit(page, "/nothing", "There is no such page");
  await admin.check(page, "not-found");
  await page.context().close();
};
