// Checks that a table appears in the admin without a line of its code: `node admin-guide.mjs URL LOGIN PASSWORD RESOURCE…`. A row of each resource
// is created by its form, found in its list, changed, deleted and restored.
import assert from "node:assert/strict";

import { Browser, expectHeading } from "./browser.mjs";

const [url, login, password, ...resources] = process.argv.slice(2);
const origin = new URL(url).origin;

const titled = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
const labelOf = (field) => titled(field.name.replace(/_id$/, ""));

/** A value that a field accepts, as it is typed. */
const exampleOf = ({ type, min_length = 1, minimum, format }) => {
  const times = { date: "2030-05-01", time: "12:30:00", datetime: "2030-05-01T12:30:00" };
  if (times[type]) return times[type];
  if (type === "integer" || type === "number" || type === "decimal") return String(Math.max(Number(minimum ?? 1), 1));
  if (type === "json") return '{"example": true}';
  if (format === "email") return "example@example.org";
  return "example".padEnd(min_length, "x");
};

const choices = (page) => page.getByRole("option");

const fill = async (page, field) => {
  const input = page.getByLabel(new RegExp(`^${labelOf(field)}`)).first();
  if (field.references || (field.values && field.type !== "list")) {
    await input.click();
    await choices(page).first().waitFor();
    // The first option of an enumeration that may be empty is no value.
    await choices(page).last().click();
  } else if (field.type === "boolean") await input.check();
  else await input.fill(exampleOf(field));
};

const create = async (page, resource) => {
  await page.goto(`${origin}/admin/#/${resource.name}/create`);
  await expectHeading(page, `New entry in ${titled(resource.name)}`);
  for (const field of resource.fields.filter(({ create }) => create === "required")) await fill(page, field);
  const made = page.waitForResponse((response) => response.request().method() === "POST" && response.url().endsWith(resource.path));
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const response = await made;
  assert.equal(response.status(), 201, await response.text());
  await page.getByRole("tab", { name: "History" }).waitFor();
  return (await response.json()).id;
};

const edit = async (page, resource, id) => {
  const field = resource.fields.find(({ update, type, values, format }) => update && type === "text" && !values && format !== "email");
  if (!field) return;
  await page.getByLabel(new RegExp(`^${labelOf(field)}`)).first().fill("changed");
  const saved = page.waitForResponse((response) => response.request().method() === "PATCH");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  assert.equal((await saved).status(), 200);
  await page.getByText("version 2").waitFor();
  await page.getByRole("tab", { name: "History" }).click();
  await page.locator("ins", { hasText: "changed" }).waitFor();
  await page.goto(`${origin}/admin/#/${resource.name}/${id}`);
};

const deleteAndRestore = async (page, resource, id) => {
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expectHeading(page, titled(resource.name));
  await page.getByRole("tab", { name: "Trash" }).click();
  await page.locator(`[data-row="${id}"] a`).first().click();
  await page.getByRole("button", { name: "Restore" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Restore" }).click();
  await page.getByText("This row was deleted on").waitFor({ state: "detached" });
};

const browser = await Browser.start(origin);
try {
  const page = await browser.open("/admin/");
  await page.getByLabel("Username or e-mail").fill(login);
  await page.locator("input[name=password]").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expectHeading(page, "Dashboard");
  const meta = await page.evaluate(async () => (await fetch("/api/v1/meta")).json());
  for (const name of resources) {
    const resource = meta.resources.find((other) => other.name === name);
    assert.ok(resource, `${name} is not in /meta`);
    await page.getByRole("link", { name: titled(name), exact: true }).first().click();
    await expectHeading(page, titled(name));
    const id = await create(page, resource);
    await edit(page, resource, id);
    await browser.check(page, `admin-${name}`);
    await page.setViewportSize({ width: 1280, height: 800 });
    await deleteAndRestore(page, resource, id);
    console.log(`-- the admin shows and changes ${name}`);
  }
  await browser.stop();
} finally {
  await browser.chromium.close();
}
