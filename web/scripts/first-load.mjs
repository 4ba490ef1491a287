// Fails the build when what a first visit loads is over the limit: the entry,
// everything it imports statically, and their styles, each compressed alone.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const limit = 250 * 1024;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

const files = new Set();
function take(name) {
  const chunk = manifest[name];
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const next of chunk.imports ?? []) take(next);
}
take("index.html");

let total = 0;
for (const file of files) total += gzipSync(readFileSync(new URL(file, dist))).length;
const said = `first load ${(total / 1024).toFixed(1)} KB gzip in ${files.size} files, limit ${limit / 1024} KB`;
if (total > limit) {
  console.error(`${said}: load the page that grew lazily`);
  process.exit(1);
}
console.log(said);
