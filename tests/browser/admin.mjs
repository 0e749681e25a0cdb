// Walks through the admin in a browser: `node admin.mjs PROGRAM [PART…]`. DATABASE_URL names an empty database; without it SQLite is used.
// SHOTS names a folder for screenshots of each state. ADMIN_DIST names a built admin that is tested instead of that of the program.
import { Admin } from "./admin/admin.mjs";
import { account } from "./admin/account.mjs";
import { lists } from "./admin/lists.mjs";
import { mode } from "./admin/mode.mjs";
import { people } from "./admin/people.mjs";
import { rows } from "./admin/rows.mjs";
import { signIn } from "./admin/sign-in.mjs";

const [program, ...names] = process.argv.slice(2);
/** Parts of one group follow each other, because they show the same rows. The groups run side by side. */
const GROUPS = [
  [rows, lists],
  [people, account],
];

const run = async (admin, parts) => {
  for (const part of parts) if (names.length === 0 || names.includes(part.name)) await part(admin);
};

const admin = await Admin.start(program);
try {
  // Signing in makes the user of the other parts.
  await signIn(admin);
  await Promise.all(GROUPS.map((parts) => run(admin, parts)));
  // It concerns all pages.
  await run(admin, [mode]);
  await admin.stop();
} catch (error) {
  await admin.shoot();
  throw error;
} finally {
  await admin.end();
}
