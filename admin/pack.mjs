// Packs the built files into dist.zip, which the server embeds: the same files give the same bytes. `--check` compares instead, uncompressed.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { brotliCompressSync } from "node:zlib";

import { unzipSync, zipSync } from "fflate";

const DIST = new URL("dist", import.meta.url).pathname;
const ARCHIVE = new URL("dist.zip", import.meta.url).pathname;
/** The size of all files together, compressed with brotli. */
const LIMIT = 450_000;
/** A zip archive knows no time before 1980. */
const TIME = new Date("1980-01-01T00:00:00");

const files = Object.fromEntries(
  readdirSync(DIST, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(DIST, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort()
    .map((name) => [name, new Uint8Array(readFileSync(join(DIST, name)))]),
);

const sizes = Object.entries(files).map(([name, bytes]) => [name, brotliCompressSync(bytes).length]);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
for (const [name, size] of sizes) console.log(`${String(size).padStart(8)} bytes with brotli: ${name}`);
console.log(`${String(total).padStart(8)} bytes in total, at most ${LIMIT}`);
if (total > LIMIT) throw new Error("the admin is too large");

if (process.argv.includes("--check")) {
  const packed = unzipSync(readFileSync(ARCHIVE));
  const names = new Set([...Object.keys(files), ...Object.keys(packed)]);
  const different = [...names].filter((name) => !files[name] || !packed[name] || !Buffer.from(files[name]).equals(Buffer.from(packed[name])));
  if (different.length > 0) throw new Error(`admin/dist.zip is out of date (${different.join(", ")}): run \`npm run build\` in admin/ and commit it`);
} else {
  writeFileSync(ARCHIVE, zipSync(files, { level: 9, mtime: TIME, os: 3, attrs: 0o644 << 16 }));
}
