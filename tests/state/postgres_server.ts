/**
 * PostgreSQL of a test's own: a new cluster in a temporary folder, on a free port of loopback, with fsync on. It can be
 * killed, frozen and started again like one on another machine.
 *
 * Debian's package `postgresql` has the programs. Where they are missing the tests that need them fail and say so.
 */

import { dirname, join } from "node:path";
import pg from "pg";

/** What a cluster can have beside the usual. */
export interface PostgresOptions {
  /** PEM texts of its certificate and key; without them it speaks no TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Lines of `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Size in MiB of a disk of its own, which can be filled; needs the rights to mount one. */
  readonly diskMib?: number;
}

const BASIC = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  fsync: "on",
  full_page_writes: "on",
  max_connections: 60,
  shared_buffers: "16MB",
  // Clients that cannot be reached any more are noticed within a second.
  client_connection_check_interval: "1s",
};

/** The superuser, who needs no password; roles that a test makes need theirs. */
const ADMIN = "postgres";
const RULES = `host all ${ADMIN} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n`;

/** A cluster that runs until it is disposed of. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  readonly #dir: string;
  #child: Deno.ChildProcess;
  #log: ServerLog;
  #databases = 0;
  readonly #disk: OwnDisk | undefined;

  private constructor(dir: string, { started, disk }: { started: Started; disk: OwnDisk | undefined }) {
    this.#dir = dir;
    this.#disk = disk;
    this.port = started.port;
    this.#child = started.child;
    this.#log = started.log;
  }

  /** Makes a cluster and starts it. */
  static async start({ diskMib, ...options }: PostgresOptions = {}): Promise<PostgresServer> {
    const dir = await Deno.makeTempDir({ prefix: "postgres-" });
    const disk = diskMib === undefined ? undefined : await OwnDisk.mount(dir, diskMib);
    try {
      return new PostgresServer(dir, { started: await PostgresServer.#launchNew(dir, options), disk });
    } catch (error) {
      await disk?.unmount();
      throw error;
    }
  }

  static async #launchNew(dir: string, { tls, settings = {} }: PostgresOptions): Promise<Started> {
    const data = join(dir, "data");
    await shell(`${OWN} "$1"`, [dir]);
    await shell('cp -a "$1" "$2"', [await newCluster(dirname(dir)), data]);
    const all = { ...BASIC, ...(tls === undefined ? {} : { ssl: "on" }), ...settings };
    const lines = Object.entries(all).map(([name, value]) => `${name} = '${value}'`);
    await Deno.writeTextFile(join(data, "postgresql.conf"), `${lines.join("\n")}\n`, { append: true });
    await Deno.writeTextFile(join(data, "pg_hba.conf"), RULES);
    for (const [name, text] of Object.entries({ "server.crt": tls?.cert, "server.key": tls?.key })) {
      if (text === undefined) continue;
      await Deno.writeTextFile(join(data, name), text, { mode: 0o600 });
      await shell(`${OWN} "$1"`, [join(data, name)]);
    }
    return await launch(data);
  }

  /** The address of a database, for `--state-url`. */
  url(database: string, user = ADMIN): string {
    return `postgres://${user}@127.0.0.1:${this.port}/${database}`;
  }

  /** Makes an empty database, with clauses of `CREATE DATABASE`; answers its name. */
  async createDatabase(clauses = ""): Promise<string> {
    const name = `test_${++this.#databases}`;
    await this.query(`CREATE DATABASE ${name} ${clauses}`);
    return name;
  }

  /** Runs statements as the superuser. */
  async query(text: string, database = ADMIN): Promise<pg.QueryResult> {
    const client = await this.connect(database);
    try {
      return await client.query(text);
    } finally {
      await client.end();
    }
  }

  /** Runs a script of psql as the superuser, with variables. */
  async runFile(path: string, database: string, variables: Readonly<Record<string, string>>): Promise<void> {
    const set = Object.entries(variables).map(([name, value]) => `--variable=${name}=${value}`);
    const target = [`--host=127.0.0.1`, `--port=${this.port}`, `--username=${ADMIN}`, `--dbname=${database}`];
    await shell('exec "$0" --no-psqlrc "$@"', [...target, ...set, `--file=${path}`], `${await programs()}/psql`);
  }

  /** A connection of the superuser, which the caller ends. */
  async connect(database = ADMIN): Promise<pg.Client> {
    const client = new pg.Client({ host: "127.0.0.1", port: this.port, user: ADMIN, database });
    client.on("error", () => {}); // Tests kill the server.
    await client.connect();
    return client;
  }

  /** The folder of the cluster's files. */
  get data(): string {
    return join(this.#dir, "data");
  }

  /** Kills it at once, as a power cut does: what was not on the disk is gone. */
  async kill(): Promise<void> {
    const all = await this.#processes();
    await signal("KILL", all);
    await this.#ended();
  }

  /** Ends it in order, with what runs cut short. */
  async stop(): Promise<void> {
    this.#child.kill("SIGINT");
    await this.#ended();
  }

  /** Starts it again on the same files and the same port. */
  async restart(): Promise<void> {
    const started = await launch(this.data, this.port);
    this.#child = started.child;
    this.#log = started.log;
  }

  /** Runs `body`, and is then again what it was before it: as after a failover to an older copy, on the same port. */
  async fallBack(body: () => Promise<void>): Promise<void> {
    await this.stop();
    const copy = join(this.#dir, "copy");
    await shell('rm -rf "$2" && cp -a "$1" "$2"', [this.data, copy]);
    await this.restart();
    await body();
    await this.kill();
    await shell('rm -rf "$1" && mv "$2" "$1"', [this.data, copy]);
    await this.restart();
  }

  /** Its own disk, which was asked for. */
  get disk(): OwnDisk {
    if (this.#disk === undefined) throw new TypeError("Cannot use its disk as none was asked for");
    return this.#disk;
  }

  /** Freezes all its processes; the system goes on to accept connections for it. */
  async pause(): Promise<void> {
    await signal("STOP", await this.#processes());
  }

  /** Lets all its processes go on. */
  async resume(): Promise<void> {
    await signal("CONT", await this.#processes());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await signal("KILL", await this.#processes());
    await this.#ended();
    await this.#disk?.unmount();
    await Deno.remove(this.#dir, { recursive: true });
  }

  async #ended(): Promise<void> {
    await this.#child.status;
    await this.#log.ended;
  }

  /** The first process and what it has started. */
  async #processes(): Promise<readonly number[]> {
    const { pid } = this.#child;
    const children = await shell('cat "/proc/$1/task/$1/children" 2>/dev/null || true', [`${pid}`]);
    return children === "" ? [] : [pid, ...children.trim().split(" ").map(Number)];
  }
}

/** A small disk mounted over a folder, that really can be full. */
class OwnDisk {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async mount(dir: string, mib: number): Promise<OwnDisk> {
    try {
      const options = '"size=$2m,mode=0700,uid=$(id -u),gid=$(id -g)"';
      await shell(`${AS_ROOT} mount -t tmpfs -o ${options} tmpfs "$1"`, [dir, `${mib}`]);
    } catch (cause) {
      throw new Error(
        "Cannot test on a full disk as none can be mounted: run this test as root, or as one who may use sudo",
        { cause },
      );
    }
    return new OwnDisk(dir);
  }

  /** Leaves no block of it free. */
  async fill(): Promise<void> {
    await shell('head -c 1T /dev/zero > "$1" 2>/dev/null || test -s "$1"', [join(this.#dir, "ballast")]);
  }

  /** Makes room again. */
  async free(): Promise<void> {
    await Deno.remove(join(this.#dir, "ballast"));
  }

  async unmount(): Promise<void> {
    await shell(`${AS_ROOT} umount "$1"`, [this.#dir]);
  }
}

/** Debian's wrapper chooses a cluster of its own, so that the programs are taken from where they lie. */
async function programs(): Promise<string> {
  const root = "/usr/lib/postgresql";
  const versions = await Array.fromAsync(Deno.readDir(root), ({ name }) => name).catch(() => []);
  const [newest] = versions.map(Number).filter((version) => version > 0).sort((one, other) => other - one);
  if (newest === undefined) {
    throw new Error(`Cannot test on PostgreSQL as there is none in ${root}: apt-get install postgresql`);
  }
  return `${root}/${newest}/bin`;
}

/** PostgreSQL refuses to run as root. Whoever ends without a word to it takes it along. */
const AS_POSTGRES = Deno.uid() === 0
  ? "exec setpriv --reuid=postgres --regid=postgres --clear-groups --pdeathsig=KILL"
  : "exec";
const AS_ROOT = Deno.uid() === 0 ? "exec" : "exec sudo -n";
const OWN = Deno.uid() === 0 ? "chown postgres:postgres" : "true";

/**
 * The files of a cluster that has never run. They are made once and kept, for all test files and later runs: making them
 * takes much longer than copying them.
 */
async function newCluster(folder: string): Promise<string> {
  const bin = await programs();
  const [version] = /[0-9.]+/.exec(await shell('"$1/initdb" --version', [bin])) ?? [];
  const kept = join(folder, `luno-mcp-server-tests-postgres-${version}-${Deno.uid()}`);
  if (await Deno.stat(kept).then(() => true, () => false)) return kept;
  const dir = await Deno.makeTempDir({ prefix: "postgres-" });
  const initdb = `${AS_POSTGRES} "$2/initdb" -D "$1/data" -k -N -U ${ADMIN} -A trust -E UTF8 --locale=C`;
  await shell(`${OWN} "$1" && ${initdb}`, [dir, bin]);
  // Of several that make it at once the first one stays.
  await Deno.rename(join(dir, "data"), kept).catch(() => Deno.stat(kept));
  await Deno.remove(dir, { recursive: true });
  return kept;
}

interface Started {
  readonly port: number;
  readonly child: Deno.ChildProcess;
  readonly log: ServerLog;
}

const MAX_PORTS = 10;

/** Starts the server on the files of a cluster, and waits until it can be used. */
async function launch(data: string, port?: number): Promise<Started> {
  const said: string[] = [];
  for (let attempt = 0; attempt < MAX_PORTS; attempt++) {
    const chosen = port ?? freePort();
    const child = new Deno.Command("sh", {
      args: ["-c", `${AS_POSTGRES} "$1/postgres" -D "$2" -p "$3"`, "sh", await programs(), data, `${chosen}`],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const log = new ServerLog(child.stderr);
    if (await log.ready) return { port: chosen, child, log };
    await child.status;
    said.push(...log.lines);
  }
  throw new Error(`Cannot start PostgreSQL: ${said.slice(-10).join("; ")}`);
}

/** Somebody else may take it before it is used. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** What a server says, and whether it said that it can be used. */
class ServerLog {
  readonly lines: string[] = [];
  readonly ready: Promise<boolean>;
  readonly ended: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array>) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.ready = promise;
    this.ended = this.#read(stream, resolve);
  }

  async #read(stream: ReadableStream<Uint8Array>, resolve: (isReady: boolean) => void): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.lines.push(...text.split("\n").filter((line) => line !== ""));
      this.lines.splice(0, this.lines.length - 100);
      if (text.includes("ready to accept connections")) resolve(true);
    }
    resolve(false);
  }
}

async function signal(name: "KILL" | "STOP" | "CONT", pids: readonly number[]): Promise<void> {
  // One that has ended by itself meanwhile is no matter.
  if (pids.length > 0) await shell(`kill -${name} "$@" 2>/dev/null || true`, pids.map(String));
}

/** Runs a script; answers what it says. */
async function shell(script: string, args: readonly string[], name = "sh"): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, name, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot prepare PostgreSQL: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout);
}
