/** The simulated exchange as a separate process. */

/** A running simulator. */
export interface BenchSimulator extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Its first key, as servers read it. */
  readonly env: Readonly<Record<"LUNO_API_KEY" | "LUNO_API_SECRET", string>>;
}

/** Starts one on a free port. */
export async function startSimulator(): Promise<BenchSimulator> {
  const command = ["run", "--quiet", "--no-prompt", "-P=serve", "main.ts", "simulator", "--port", "0"];
  const options = { args: command, stdin: "null", stdout: "piped", stderr: "null" } as const;
  const child = new Deno.Command(Deno.execPath(), options).spawn();
  const { url, key, secret } = await firstLines(child.stdout);
  return {
    url,
    env: { LUNO_API_KEY: key, LUNO_API_SECRET: secret },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

/** The simulator's address and its first key; keeps reading in the background, so that the simulator never blocks. */
async function firstLines(stdout: ReadableStream<Uint8Array>): Promise<{ url: string; key: string; secret: string }> {
  const [read, rest] = stdout.tee();
  void rest.pipeTo(new WritableStream());
  let text = "";
  for await (const chunk of read.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const [, url] = /(http:\/\/\S+)/.exec(text) ?? [];
    const [, key, secret] = /keys +(\w+):(\w+) /.exec(text) ?? [];
    if (url !== undefined && key !== undefined && secret !== undefined) return { url, key, secret };
  }
  throw new Error(`The simulator did not start: ${text}`);
}
