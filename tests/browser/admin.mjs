// Walks through the admin in a browser: `node admin.mjs PROGRAM`. DATABASE_URL names an empty database; without it SQLite is used.
// SHOTS names a folder for screenshots of each state. ADMIN_DIST names a built admin that is tested instead of that of the program.
import { Admin } from "./admin/admin.mjs";
import { account } from "./admin/account.mjs";
import { lists } from "./admin/lists.mjs";
import { people } from "./admin/people.mjs";
import { rows } from "./admin/rows.mjs";
import { signIn } from "./admin/sign-in.mjs";

const admin = await Admin.start(process.argv[2]);
try {
  for (const part of [signIn, rows, lists, people, account]) await part(admin);
  await admin.stop();
} finally {
  await admin.end();
}
