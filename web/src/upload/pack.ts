import { Zip, ZipDeflate } from "fflate";

/** A file that was chosen or dropped, and where it lies in its folder. */
export interface Chosen {
  path: string;
  file: File;
}

/** What is sent: one archive (or a single file, which the hub takes as an archive of one). */
export interface Package {
  name: string;
  blob: Blob;
}

const archives = /\.(zip|tar|tar\.gz|tgz)$/i;
// Nobody means to hand these in.
const litter = /(^|\/)(\.DS_Store|Thumbs\.db|__MACOSX\/.*|\.git\/.*)$/;

/** Browsers name paths in three ways; ours is relative and without a leading "./" or "/". */
export function choose(files: (File & { path?: string })[]): Chosen[] {
  return files
    .map((file) => ({ file, path: (file.webkitRelativePath || file.path || file.name).replace(/^(\.?\/)+/, "") }))
    .filter(({ path }) => !litter.test(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The folder that holds everything, when there is exactly one: its name is not part of what is sent. */
export function topFolder(paths: string[]): string | undefined {
  const top = paths[0]?.split("/")[0];
  if (top === undefined) return undefined;
  return paths.every((path) => path.startsWith(`${top}/`)) ? top : undefined;
}

/**
 * Makes one package of what was chosen: an archive or a single file goes as it
 * is, anything else is zipped here, file by file so that the page stays alive.
 * progress is told how many files are in.
 */
export async function pack(
  chosen: Chosen[],
  progress: (done: number, of: number) => void = () => {},
): Promise<Package> {
  const [only] = chosen;
  if (only === undefined) throw new Error("There is no file in what was chosen: choose a folder with files in it.");
  if (chosen.length === 1 && (archives.test(only.path) || !only.path.includes("/"))) {
    return { name: only.file.name, blob: only.file };
  }
  const top = topFolder(chosen.map(({ path }) => path));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let failed: Error | undefined;
  const zip = new Zip((err, data) => {
    if (err) failed = err;
    else parts.push(new Uint8Array(data));
  });
  for (const [i, { path, file }] of chosen.entries()) {
    const entry = new ZipDeflate(top === undefined ? path : path.slice(top.length + 1), { level: 6 });
    zip.add(entry);
    entry.push(new Uint8Array(await file.arrayBuffer()), true);
    progress(i + 1, chosen.length);
  }
  zip.end();
  if (failed) throw failed;
  return { name: `${top ?? "files"}.zip`, blob: new Blob(parts, { type: "application/zip" }) };
}
