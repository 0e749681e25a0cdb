// Generates schema.d.ts from the OpenAPI document at a URL or a path, or else from the reviewed one: `npm run generate -- URL`.
import { writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const source = process.argv[2] ?? "../../tests/tests/suite/openapi.json";
const document = /^https?:/.test(source) ? new URL(source) : pathToFileURL(source);
// A member with a default may be left out of a body.
const types = await openapiTS(document, { defaultNonNullable: false });
await writeFile("schema.d.ts", astToString(types));
