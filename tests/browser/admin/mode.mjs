// Read-only mode: every page says so, with the reason and what ends it.
import assert from "node:assert/strict";

import { eventually } from "../server.mjs";
import { PASSWORD, step } from "./admin.mjs";

const TITLE = "The server is read-only";

const notice = (page) => page.getByRole("alert").filter({ hasText: TITLE });

const switchMode = async (admin, signal, mode) => {
  admin.server.process.kill(signal);
  await eventually(`the mode ${mode}`, async () => {
    const answer = await (await fetch(`${admin.server.url}/readyz`)).json();
    return answer.mode === mode ? true : undefined;
  });
};

/** Nobody can sign in meanwhile, so this comes last and uses pages that are signed in. */
export const mode = async (admin) => {
  step("read-only mode");
  const ada = await admin.signIn("ada");
  await admin.request(ada, "POST", "/users", { username: "dora", email: "dora@example.org", password: PASSWORD });
  const dora = await admin.signIn("dora");
  assert.equal(await notice(ada).count(), 0);
  await switchMode(admin, "SIGUSR1", "read_only");
  for (const path of ["/posts", "/account", "/"]) {
    await admin.visit(ada, path);
    await notice(ada).getByText("SIGUSR2").waitFor();
  }
  await admin.check(ada, "read-only");
  // She may not read the state of the server.
  await admin.visit(dora, "/posts", "Posts");
  await notice(dora).getByText("An administrator with the permission system.read sees why.").waitFor();
  await switchMode(admin, "SIGUSR2", "read_write");
  await admin.visit(ada, "/posts", "Posts");
  assert.equal(await notice(ada).count(), 0);
  for (const page of [ada, dora]) await page.context().close();
};
