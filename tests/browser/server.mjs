// A server with a database and a folder of mails of its own.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const TIMEOUT = 20_000;

const freePort = () =>
  new Promise((done) => {
    const listener = createServer();
    listener.listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => done(port));
    });
  });

/** Returns the first value of `read` that is not undefined. */
export const eventually = async (what, read) => {
  const deadline = Date.now() + TIMEOUT;
  while (Date.now() < deadline) {
    const value = await read();
    if (value !== undefined) return value;
    await sleep(50);
  }
  throw new Error(`timed out: ${what}`);
};

export class Server {
  static async start(program, { mail, database, settings }) {
    const server = new Server();
    const folder = mkdtempSync(join(tmpdir(), "atoll-pages-"));
    const port = await freePort();
    Object.assign(server, { program, folder, url: `http://127.0.0.1:${port}`, said: "", seen: new Set() });
    server.environment = {
      PATH: process.env.PATH,
      DATABASE_URL: database ?? `sqlite://${folder}/atoll.db?mode=rwc`,
      PORT: String(port),
      ATOLL__SERVER__PUBLIC_URL: server.url,
      ATOLL__LOG__LEVEL: "error",
      // Cheap password hashes save time.
      ATOLL__AUTH__HASH_MEMORY: "7168",
      ATOLL__AUTH__HASH_PASSES: "1",
      ATOLL__RATE_LIMIT__AUTH: "0",
      ...(mail && {
        ATOLL__MAIL__TRANSPORT: "file",
        ATOLL__MAIL__FROM: "atoll@example.org",
        ATOLL__MAIL__FOLDER: join(folder, "mail"),
      }),
      ...settings,
    };
    server.process = spawn(program, ["serve"], { cwd: folder, env: server.environment, stdio: ["ignore", "pipe", "inherit"] });
    server.process.stdout.on("data", (text) => (server.said += text));
    await eventually("the server starts", () => (server.said.includes("Atoll is ready") ? true : undefined));
    return server;
  }

  /** Runs a command of the program, and returns what it prints. */
  run(...command) {
    return execFileSync(this.program, command, { cwd: this.folder, env: this.environment, encoding: "utf8" });
  }

  /** Returns the link to a page in a text. */
  link(text, page) {
    const link = text.match(new RegExp(`${this.url}/${page}#token=\\S+`));
    if (link === null) throw new Error(`no link to ${page} in ${text}`);
    return link[0];
  }

  /** Returns the link to a page in the next mail. */
  async mailedLink(page) {
    const folder = join(this.folder, "mail");
    return eventually(`a mail with a link to ${page}`, () => {
      for (const name of readdirSync(folder)) {
        if (this.seen.has(name)) continue;
        // Quoted-printable folds long lines and encodes equals signs (RFC 2045, section 6.7).
        const text = readFileSync(join(folder, name), "utf8").replaceAll("=\r\n", "").replaceAll("=3D", "=");
        if (!text.includes(`/${page}#token=`)) continue;
        this.seen.add(name);
        return this.link(text.replaceAll('"', " "), page);
      }
      return undefined;
    });
  }

  async post(path, body) {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
  }

  async stop() {
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill();
    await ended;
    rmSync(this.folder, { recursive: true });
  }
}
