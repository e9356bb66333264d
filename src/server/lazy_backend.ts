/**
 * The backend of a server: opened by the first call, so that a start costs only what it needs; at the start if it
 * writes files, because the permission for that is dropped then.
 */

import { logCall } from "../monitoring/access_log.ts";
import type { CallObserver } from "../monitoring/observed_call.ts";
import type { Announcement } from "../trading/confirmation/confirmer.ts";
import type { ApprovalPages } from "./approvals/approval_page.ts";
import type { BackendUse, OpenBackend } from "./backend.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { OpenRecord } from "./open_trading_record.ts";
import type { Presence } from "./instances/presence.ts";
import type { TradingView } from "./trading_facts.ts";
import type { World } from "../world.ts";

/** A backend that may not be open yet, and what can be reloaded. */
export interface LazyBackend {
  /** Opens it when first needed; after a failure, tries again. */
  get(): Promise<OpenBackend>;
  /** The backend, once it is open. */
  readonly opened: OpenBackend | undefined;
  /** Resolves when it is not being opened, or opening has ended, successfully or not. */
  settled(): Promise<void>;
  /** Adds an observer of every call. */
  observe(observer: CallObserver): void;
  /** Reloads the policy file; returns its problems. */
  reload(): Promise<string[]>;
  /** This process in its state folder; absent when it uses none. */
  readonly presence: Presence | undefined;
  /** The state of trading; absent while it is off. */
  readonly trading: TradingView | undefined;
  /** Settles with the problem when a file that serving began without cannot be opened; usually never. */
  readonly failure: Promise<string>;
  /** Closes what was opened. */
  close(): Promise<void>;
}

/** Prepares the backend, or returns every problem. */
export async function prepareBackend(
  loaded: LoadedConfig,
  world: World,
  { isServer, ...use }: BackendUse,
): Promise<{ ok: true; backend: LazyBackend } | { ok: false; problems: string[] }> {
  const { config } = loaded;
  const writes = config.trading !== "off" || config.exchange === "paper";
  const found = writes ? await openRecord(loaded, world, { isServer }) : { ok: true as const, record: undefined };
  if (!found.ok) return found;
  const { record } = found;
  const usesFolder = config.exchange === "paper" || isServer && config.transport !== "stdio";
  const presence = record?.presence ?? (usesFolder ? await enterFolder(loaded, world, { isServer }) : undefined);
  const pages = record && await openPages(record, world, loaded);
  const observers: CallObserver[] = [(call) => logCall(config.accessLog, call)];
  const lazily = new OpenedOnce(async () => {
    const { openBackend } = await import("./backend.ts");
    const announce = (order: Announcement) => pages?.announce(order);
    return await openBackend(loaded, world, { ...use, isServer, record, presence, announce, observers });
  });
  const place = config.stateUrl === undefined ? "--state" : "--state-url";
  const problem = writes ? await problemOf(lazily.get(), place) : undefined;
  const openings = [record?.opening, lazily.opened?.opening && problemsOf(lazily.opened.opening, place)]
    .filter((opening) => opening !== undefined);
  if (openings.length === 0) stopWriting();
  if (problem !== undefined) {
    await record?.close();
    await presence?.end();
    return { ok: false, problems: [problem] };
  }
  const trading = record && await viewTrading(record, world);
  return {
    ok: true,
    backend: {
      get: () => lazily.get(),
      get opened() {
        return lazily.opened;
      },
      settled: () => lazily.settled(),
      observe: (observer) => void observers.push(observer),
      presence,
      trading,
      failure: openings.length === 0 ? NEVER : failureOf(openings),
      reload: async () => await record?.reload() ?? [],
      async close() {
        await pages?.close();
        await lazily.close();
        await presence?.end();
      },
    },
  };
}

const NEVER = new Promise<never>(() => {});

/** From here on, only open databases are written. */
function stopWriting(): void {
  Deno.permissions.revokeSync({ name: "write" });
}

/** The first problem with files that are still being opened; once all are open, nothing else is written. */
async function failureOf(openings: readonly Promise<readonly string[]>[]): Promise<string> {
  void Promise.allSettled(openings).then(stopWriting);
  return await Promise.race(openings.map(async (opening) => {
    const [problem] = await opening;
    return problem ?? await NEVER;
  }));
}

async function problemsOf(opening: Promise<void>, place: string): Promise<readonly string[]> {
  const problem = await problemOf(opening, place);
  return problem === undefined ? [] : [problem];
}

/** Opens a backend once, when first needed; after a failure, tries again. */
class OpenedOnce {
  readonly #open: () => Promise<OpenBackend>;
  #opening: Promise<OpenBackend> | undefined;
  #opened: OpenBackend | undefined;

  constructor(open: () => Promise<OpenBackend>) {
    this.#open = open;
  }

  get opened(): OpenBackend | undefined {
    return this.#opened;
  }

  get(): Promise<OpenBackend> {
    return this.#opening ??= this.#open().then((backend) => this.#opened = backend, (error) => {
      this.#opening = undefined;
      throw error;
    });
  }

  async settled(): Promise<void> {
    await this.#opening?.catch(() => {});
  }

  async close(): Promise<void> {
    await (await this.#opening?.catch(() => undefined))?.close();
  }
}

async function openRecord(loaded: LoadedConfig, world: World, options: Pick<BackendUse, "isServer">) {
  const { openTradingRecord } = await import("./open_trading_record.ts");
  return await openTradingRecord(loaded, world, options);
}

async function viewTrading({ record, killSwitch, policies }: OpenRecord, world: World): Promise<TradingView> {
  const { TradingView } = await import("./trading_facts.ts");
  return new TradingView({ record: { ...record, halts: killSwitch }, policies, now: world.now });
}

/** A process without orders, which runs even if the folder cannot be written. */
async function enterFolder(
  loaded: LoadedConfig,
  world: World,
  { isServer }: Pick<BackendUse, "isServer">,
): Promise<Presence> {
  const { enterFolder } = await import("./instances/presence.ts");
  return enterFolder(loaded, world, { isServer, isNeeded: false });
}

/** Links are written to a file if stderr is not a terminal, or must contain only JSON. */
async function openPages(
  { folder, record }: OpenRecord,
  world: World,
  { config }: LoadedConfig,
): Promise<ApprovalPages> {
  const { openApprovals } = await import("./approvals/approval_page.ts");
  if (config.logFormat === "text" && world.stderr.isTerminal()) return openApprovals(record, world);
  const { ApprovalLinks } = await import("./approvals/approval_links.ts");
  return openApprovals(record, world, await ApprovalLinks.open(folder));
}

/** The problem of an output, if there is one; `place` is the flag that names it. */
async function problemOf(opening: Promise<unknown>, place: string): Promise<string | undefined> {
  try {
    await opening;
    return undefined;
  } catch (error) {
    const { StateError } = await import("../state/state_error.ts");
    if (error instanceof StateError) return `${place}: ${error.message}`;
    throw error;
  }
}
