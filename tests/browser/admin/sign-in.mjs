// Signing in: the first superuser by the printed link, refusals, and a cookie that does not come back.
import { expectHeading } from "../browser.mjs";
import { PASSWORD, step } from "./admin.mjs";

/** The printed link makes the first superuser, who is signed in to the admin at once. */
const firstSuperuser = async ({ server, browser }) => {
  const page = await browser.open(server.link(server.said, "welcome"));
  await page.getByLabel("Username").fill("ada");
  await page.getByLabel("E-mail address").fill("ada@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.locator("button[type=submit]:visible").click();
  await expectHeading(page, "Dashboard");
  return page;
};

const signOut = async (admin, page) => {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  await admin.check(page, "signed-out");
};

const refusals = async (admin) => {
  const page = await admin.browser.open("/admin/#/posts");
  await expectHeading(page, "Sign in");
  await admin.check(page, "sign-in");
  await admin.fillSignIn(page, "ada", "wrong password");
  await page.getByRole("alert").getByText("password").waitFor();
  await admin.check(page, "sign-in-refused");
  await admin.fillSignIn(page, "ada");
  // The page that was asked for is shown, not the dashboard.
  await expectHeading(page, "Posts");
  await page.context().close();
};

/** A browser that does not keep the cookie is told so. */
const noCookie = async (admin) => {
  const page = await admin.browser.open("/admin/");
  await page.route("**/api/v1/auth/cookie", async (route) => {
    const response = await route.fetch();
    const { "set-cookie": _dropped, ...headers } = response.headers();
    // Fetching has already stored the cookie.
    await page.context().clearCookies();
    await route.fulfill({ response, headers });
  });
  await admin.fillSignIn(page, "ada");
  await page.getByText("did not keep the cookie").waitFor();
  await admin.check(page, "no-cookie");
  await page.context().close();
};

const unreachable = async (admin) => {
  const page = await admin.browser.open("/admin/");
  await expectHeading(page, "Sign in");
  await page.route("**/api/v1/meta", (route) => route.abort());
  await page.reload();
  await expectHeading(page, "The server does not answer");
  await admin.check(page, "unreachable");
  await page.unroute("**/api/v1/meta");
  await page.getByRole("button", { name: "Try again" }).click();
  await expectHeading(page, "Sign in");
  await page.context().close();
};

export const signIn = async (admin) => {
  step("sign in");
  const page = await firstSuperuser(admin);
  await admin.check(page, "dashboard-empty");
  await admin.visit(page, "/posts", "Posts");
  await page.getByText("There are no posts yet.").waitFor();
  await admin.check(page, "list-empty");
  await signOut(admin, page);
  await page.context().close();
  await refusals(admin);
  await noCookie(admin);
  await unreachable(admin);
};
