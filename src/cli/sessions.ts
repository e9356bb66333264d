/** `sessions`: lists the sessions of all servers that share them, and ends some, through a running server. */

import { z } from "zod";
import type { Endpoint } from "../client/socket.ts";
import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import type { ValuesOf } from "../config/setting.ts";
import { connectionFailure } from "../network/connection_failure.ts";
import { cleanText } from "../text/clean_text.ts";
import { didYouMean } from "../text/nearest_word.ts";
import type { CommandCall } from "./command_call.ts";
import { loadEndpoint } from "./load_endpoint.ts";
import { fail, refuse } from "./report.ts";
import { screenOf } from "./terminal/screen.ts";
import { formatTable } from "./terminal/table.ts";
import { formatAge } from "./terminal/times.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** Time limit of the server's answer, in milliseconds. */
const TIMEOUT_MS = 10_000;

const PATH = "/v1/sessions";

const ID = /^[0-9a-f]{16}$/;

const Listing = z.object({
  count: z.number(),
  sessions: z.array(z.object({
    id: z.string(),
    identity: z.string(),
    transport: z.string(),
    state: z.string(),
    client: z.string().nullable(),
    since: z.iso.datetime(),
    last_seen: z.iso.datetime(),
    server: z.string(),
  })),
});

const Ended = z.object({ ended_here: z.number(), everywhere: z.boolean() });

const Problem = z.object({ detail: z.string() });

type Config = ValuesOf<typeof COMMAND_SETTINGS.sessions>;

/** The request to the server. */
interface Asked {
  readonly method: "GET" | "DELETE";
  /** The rest of the path. */
  readonly rest: string;
}

/** Lists sessions, or ends those in the operands; exit code 1 when the server does not do it. */
export async function sessions(
  flags: Readonly<Record<string, string>>,
  { world, problems, operands, json, wide = false }: CommandCall,
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.sessions, { flags, env: world.env });
  const all = [...problems, ...(parsed.ok ? [] : parsed.problems)];
  if (!parsed.ok) return await refuse(world, all);
  const asked = askedOf(operands, parsed.values);
  if (typeof asked === "string") all.push(asked);
  const loaded = await loadEndpoint(parsed.values.uri, parsed.values);
  if (!loaded.ok) all.push(...loaded.problems);
  if (typeof asked === "string" || !loaded.ok || all.length > 0) return await refuse(world, all);
  const answer = await ask(loaded.endpoint, asked);
  if (!answer.ok) return await fail(world, answer.problem);
  const ended = asked.method === "DELETE" ? Ended.safeParse(answer.value).data : undefined;
  if (ended !== undefined) return await showEnded(ended, { world, json });
  const listing = asked.method === "GET" ? Listing.safeParse(answer.value).data : undefined;
  if (listing !== undefined) return await showListing(listing, { world, json, wide });
  return await fail(world, `Cannot read the answer of ${loaded.endpoint.url.host}: ${EXPECTED}`);
}

function askedOf([word = "list", id, ...more]: readonly string[], { identity }: Config): Asked | string {
  const query = identity === undefined ? "" : `?${new URLSearchParams({ identity })}`;
  if (more.length > 0 || (word === "list" && id !== undefined)) return `${word}: expected nothing behind it`;
  if (word === "list") return { method: "GET", rest: query };
  if (word !== "end") return `${word}: expected list or end${didYouMean(word, ["list", "end"])}`;
  if ((id === undefined) === (identity === undefined)) return "end: expected the id of a session, or --identity";
  if (id !== undefined && !ID.test(id)) {
    return "end: expected an id of 16 hexadecimal digits, as sessions list shows it";
  }
  return { method: "DELETE", rest: id === undefined ? query : `/${id}` };
}

type Answered = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

async function ask({ url, token, tls }: Endpoint, { method, rest }: Asked): Promise<Answered> {
  const address = new URL(`${PATH}${rest}`, url.href.replace(/^ws/, "http"));
  const { ca, identity } = tls ?? {};
  using client = Deno.createHttpClient({ ...(ca === undefined ? {} : { caCerts: [ca] }), ...identity });
  const headers = token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(address, { method, headers, client, signal, redirect: "error" });
    const text = await response.text();
    if (response.ok) return { ok: true, value: parseAnswer(text) };
    return { ok: false, problem: `The server refused with HTTP status ${response.status}: ${detailOf(text)}` };
  } catch (error) {
    const reason = signal.aborted ? `no answer within ${TIMEOUT_MS / 1_000} s` : connectionFailure(error);
    return { ok: false, problem: `Cannot reach the server ${address.origin}: ${reason}` };
  }
}

/** `undefined` when it is not JSON. */
function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const EXPECTED = "expected this program's server, with a key that has server:admin";

function detailOf(text: string): string {
  try {
    return cleanText(Problem.parse(JSON.parse(text)).detail);
  } catch {
    return EXPECTED;
  }
}

async function showEnded(
  { ended_here, everywhere }: z.output<typeof Ended>,
  { world, json }: { readonly world: World; readonly json: boolean },
): Promise<ExitCode> {
  const count = `Ended ${ended_here} ${ended_here === 1 ? "session" : "sessions"} at this server`;
  const sentence = everywhere
    ? `${count}; other servers end theirs within seconds`
    : `${count} alone: the state that servers share cannot be used now. This server tells the others once it can be; ` +
      "repeat it where this server ends before";
  await print(everywhere ? world.stdout : world.stderr, json ? JSON.stringify({ ended_here, everywhere }) : sentence);
  return everywhere ? 0 : 1;
}

async function showListing(
  listing: z.output<typeof Listing>,
  { world, json, wide }: { readonly world: World; readonly json: boolean; readonly wide: boolean },
): Promise<ExitCode> {
  if (json || !world.stdout.isTerminal()) {
    await print(world.stdout, JSON.stringify(listing));
    return 0;
  }
  const now = world.now();
  const rows = listing.sessions.map(({ since, last_seen, ...session }) => ({
    ...session,
    age: formatAge(now - Date.parse(since)),
    idle: formatAge(now - Date.parse(last_seen)),
  }));
  const left = listing.count - rows.length;
  const lines = [
    ...(rows.length === 0 ? ["No sessions"] : [formatTable(rows, screenOf(world, { wide }))]),
    ...(left > 0 ? [`and ${left} more: --identity shows those of one`] : []),
  ];
  await print(world.stdout, lines.join("\n"));
  return 0;
}
