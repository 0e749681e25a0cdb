// Walks through the admin in a browser: `node admin.mjs PROGRAM [PART…]`. DATABASE_URL names an empty database; without it SQLite is used.
// SHOTS names a folder for screenshots of each state. ADMIN_DIST names a built admin that is tested instead of that of the program.
import { Admin } from "./admin/admin.mjs";
import { account } from "./admin/account.mjs";
import { lists } from "./admin/lists.mjs";
import { people } from "./admin/people.mjs";
import { rows } from "./admin/rows.mjs";
import { signIn } from "./admin/sign-in.mjs";

const [program, ...names] = process.argv.slice(2);
// Signing in makes the user of the other parts.
const parts = [rows, lists, people, account].filter(({ name }) => names.length === 0 || names.includes(name));

const admin = await Admin.start(program);
try {
  for (const part of [signIn, ...parts]) await part(admin);
  await admin.stop();
} catch (error) {
  await admin.shoot();
  throw error;
} finally {
  await admin.end();
}
