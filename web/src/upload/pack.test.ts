// @vitest-environment node
// jsdom's File cannot be read.
import { strFromU8, unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { choose, pack, topFolder } from "./pack";

function dropped(path: string, text = path): File & { path?: string } {
  const name = path.split("/").at(-1) ?? path;
  return Object.assign(new File([text], name), { path });
}

async function unpacked(blob: Blob): Promise<Record<string, string>> {
  const files = unzipSync(new Uint8Array(await blob.arrayBuffer()));
  return Object.fromEntries(Object.entries(files).map(([path, data]) => [path, strFromU8(data)]));
}

describe("choose", () => {
  it("makes paths relative, sorts them and leaves litter out", () => {
    const chosen = choose(
      ["/g/b.py", "./g/a.py", "g/.DS_Store", "g/.git/config", "__MACOSX/g/._a"].map((p) => dropped(p)),
    );
    expect(chosen.map(({ path }) => path)).toEqual(["g/a.py", "g/b.py"]);
  });
});

describe("topFolder", () => {
  it.each([
    [["g/a", "g/b/c"], "g"],
    [["a", "g/b"], undefined],
    [["g/a", "gg/b"], undefined],
    [["a"], undefined],
    [[], undefined],
  ])("of %j is %s", (paths, top) => expect(topFolder(paths)).toBe(top));
});

describe("pack", () => {
  it("zips a folder without its own name", async () => {
    const told: number[] = [];
    const made = await pack(choose([dropped("/g/grader.yaml", "name: g"), dropped("/g/tests/1.out", "")]), (done) =>
      told.push(done),
    );
    expect(made.name).toBe("g.zip");
    expect(await unpacked(made.blob)).toEqual({ "grader.yaml": "name: g", "tests/1.out": "" });
    expect(told).toEqual([1, 2]);
  });

  it("zips loose files as they are", async () => {
    const made = await pack(choose([dropped("a.py"), dropped("b.py")]));
    expect(Object.keys(await unpacked(made.blob))).toEqual(["a.py", "b.py"]);
  });

  it.each(["x.zip", "x.tar.gz", "x.TGZ", "solution.py"])("sends %s as it is", async (name) => {
    const file = dropped(name, "bytes");
    expect((await pack(choose([file]))).blob).toBe(file);
  });

  it("keeps the folder of a single file below the top", async () => {
    const made = await pack(choose([dropped("g/src/main.c")]));
    expect(Object.keys(await unpacked(made.blob))).toEqual(["src/main.c"]);
  });

  it("refuses an empty folder in words", async () => {
    await expect(pack([])).rejects.toThrow("no file");
  });
});
