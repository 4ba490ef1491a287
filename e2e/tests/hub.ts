import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** A hub of our own: the built program with its pages, on a free port, with an empty data folder and the real engine. */
export interface Hub {
  url: string;
  /** The one-time link that the hub printed. */
  setupLink: string;
  /** Stops the program; its data and its address stay. */
  halt: () => Promise<void>;
  /** Starts it again. */
  resume: () => Promise<void>;
  /** Stops it for good. */
  stop: () => Promise<void>;
}

const program = resolve(import.meta.dirname, process.env.ASSAY ?? "../../bin/assay");
const startWithin = 60_000;
const stopWithin = 20_000;

export async function startHub(): Promise<Hub> {
  if (!existsSync(program)) throw new Error(`${program} is not there: run make build`);
  const data = await mkdtemp(join(tmpdir(), "assay-e2e-"));
  let child: ChildProcess | undefined;
  const start = async (listen: string, wanted: RegExp): Promise<string> => {
    child = spawn(program, ["serve", "--listen", listen, "--data", data], { stdio: ["ignore", "pipe", "pipe"] });
    const said = await printed(child, wanted);
    await graded(new URL(said).origin);
    return said;
  };
  const halt = async () => {
    if (child !== undefined) await ended(child);
    child = undefined;
  };
  const stop = async () => {
    await halt();
    await rm(data, { recursive: true, force: true });
  };
  try {
    const setupLink = await start("127.0.0.1:0", /https?:\/\/\S+\/setup\?token=\S+/);
    const { origin: url, host } = new URL(setupLink);
    const resume = async () => {
      await start(host, /https?:\/\/\S+/);
    };
    return { url, setupLink, halt, resume, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for the first text on the child's output that matches. */
function printed(child: ChildProcess, wanted: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const fail = (why: string) => reject(new Error(`${why}; it said:\n${said}`));
    const timer = setTimeout(() => fail("assay serve printed no set-up link"), startWithin);
    const take = (chunk: Buffer) => {
      said += chunk.toString();
      const found = wanted.exec(said);
      if (found === null) return;
      clearTimeout(timer);
      resolve(found[0]);
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    child.once("exit", (status) => {
      clearTimeout(timer);
      fail(`assay serve ended with status ${status}`);
    });
  });
}

/** Waits until the hub has a worker, so that jobs are taken at once. */
async function graded(url: string): Promise<void> {
  const until = Date.now() + startWithin;
  let message = "";
  while (Date.now() < until) {
    const answer = await fetch(`${url}/api/v1/status`).catch(() => undefined);
    if (answer?.ok) {
      const status = (await answer.json()) as { ready: boolean; message?: string };
      if (status.ready) return;
      message = status.message ?? "";
    }
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error(`the hub has no worker: ${message}`);
}

/** Asks the hub to stop and waits; one that does not is killed, and that is an error. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error("assay serve did not stop when asked to"));
    }, stopWithin);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill("SIGTERM");
  });
}
