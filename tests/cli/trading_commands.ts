/** Runs a command for the trading record in a separate world. */

import type { ExitCode, Output, World } from "../../src/world.ts";
import { NOW } from "../trading/stores.ts";

/** The inputs of a command besides its flags. */
export interface RunOptions {
  readonly operands?: readonly string[];
  readonly problems?: readonly string[];
  readonly json?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether stdout is a terminal, and stdin where `typed` is given. @default true */
  readonly terminal?: boolean;
  /**
   * Width in columns.
   *
   * @default 1000, so that no sentence is wrapped
   */
  readonly columns?: number;
  /** Lines of input, followed by its end. */
  readonly typed?: readonly string[];
  /** The wall clock, or the one moment that it shows. @default NOW */
  readonly now?: number | (() => number);
}

/** The result of a command. */
export interface Run {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

type Command = (
  flags: Readonly<Record<string, string>>,
  options: { world: World; problems: readonly string[]; operands: readonly string[]; json: boolean },
) => Promise<ExitCode>;

/** Returns a function that runs the command. */
export function runnerOf(command: Command): (flags: Record<string, string>, options?: RunOptions) => Promise<Run> {
  return async (
    flags,
    { operands = [], problems = [], json = false, env = {}, terminal = true, columns = 1_000, typed, now = NOW } = {},
  ) => {
    const texts = { stdout: "", stderr: "" };
    const output = (name: keyof typeof texts): Output => ({
      write(bytes) {
        texts[name] += new TextDecoder().decode(bytes);
        return Promise.resolve(bytes.length);
      },
      isTerminal: () => terminal,
    });
    const lines = [...typed ?? []];
    const world: World = {
      args: json ? ["--json"] : [],
      env: (name) => env[name],
      variables: () => Object.keys(env).filter((name) => env[name] !== ""),
      stdin: {
        read(buffer) {
          const line = lines.shift();
          if (line === undefined) return Promise.resolve(null);
          return Promise.resolve(new TextEncoder().encodeInto(line, buffer).written);
        },
        isTerminal: () => typed !== undefined,
      },
      stdout: output("stdout"),
      stderr: output("stderr"),
      terminal: { size: () => ({ columns, rows: 24 }), colour: false },
      now: typeof now === "number" ? () => now : now,
      monotonic: () => performance.now(),
      shutdown: new AbortController().signal,
      onHangup() {},
      onUserSignal() {},
    };
    return { code: await command(flags, { world, problems, operands, json }), ...texts };
  };
}
