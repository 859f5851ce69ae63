// Writes src/api/schema.d.ts from the API's OpenAPI document: `npm run types`, after a change of the API.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const root = new URL("../../", import.meta.url).pathname;
const python = existsSync(`${root}.venv/bin/python`) ? `${root}.venv/bin/python` : "python3";
const program = "from tests.unit.api.test_web import openapi_text, digest_of; t = openapi_text(); print(digest_of(t)); print(t)";
const [digest, document] = execFileSync(python, ["-c", program], { cwd: root, maxBuffer: 1 << 26 }).toString().split("\n");
const types = astToString(await openapiTS(JSON.parse(document), { alphabetize: true }));
writeFileSync(`${root}web/src/api/schema.d.ts`, `// Made by \`npm run types\` from the OpenAPI document ${digest}; do not edit.\n${types}`);
