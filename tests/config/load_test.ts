import assert from "node:assert/strict";
import { loadConfig } from "../../src/config/load.ts";
import type { Loaded } from "../../src/config/load.ts";

const SECRET = "canary-secret-0123456789";

/** Runs `body` in a separate folder; `write` returns the path of the file it has written. */
async function withFiles(
  body: (write: (text: string, mode?: number) => Promise<string>, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  let count = 0;
  try {
    await body(async (text, mode = 0o600) => {
      const path = `${folder}/${count++}`;
      await Deno.writeTextFile(path, text, { mode });
      return path;
    }, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function load(flags: Record<string, string>, env: Record<string, string> = {}): Promise<Loaded> {
  return await loadConfig(flags, (name) => env[name]);
}

/** The problems, which never contain the secret. */
async function problemsOf(flags: Record<string, string>, env: Record<string, string> = {}): Promise<string[]> {
  const loaded = await load(flags, env);
  if (loaded.ok) return [];
  assert.ok(!loaded.problems.join("\n").includes(SECRET), "a problem holds the secret");
  return loaded.problems;
}

function revealed(credentials: Extract<Loaded, { ok: true }>["credentials"]) {
  return credentials && { id: credentials.id.reveal(), secret: credentials.secret.reveal() };
}

async function credentialsOf(env: Record<string, string>, flags: Record<string, string> = {}) {
  const loaded = await load(flags, env);
  assert.ok(loaded.ok, loaded.ok ? "" : loaded.problems.join("\n"));
  return revealed(loaded.credentials);
}

Deno.test("loadConfig() requires nothing: by default it uses the real exchange, stdio, and no key", async () => {
  const loaded = await load({});
  assert.ok(loaded.ok);
  assert.equal(loaded.config.transport, "stdio");
  assert.equal(loaded.config.exchange, "live");
  assert.equal(loaded.config.apiUrl.href, "https://api.luno.com/");
  assert.equal(loaded.credentials, undefined);
});

Deno.test("loadConfig() reads a key from the environment under either name of its id", async () => {
  const expected = { id: "id1", secret: SECRET };
  assert.deepEqual(await credentialsOf({ LUNO_API_KEY: "id1", LUNO_API_SECRET: SECRET }), expected);
  assert.deepEqual(await credentialsOf({ LUNO_API_KEY_ID: "id1", LUNO_API_SECRET: SECRET }), expected);
});

Deno.test("loadConfig() trims spaces and line endings around a key, wherever it comes from", () =>
  withFiles(async (write) => {
    const expected = { id: "id1", secret: SECRET };
    const padded = { LUNO_API_KEY: " id1\r\n", LUNO_API_SECRET: `\ufeff${SECRET}\r\n` };
    assert.deepEqual(await credentialsOf(padded), expected);
    const path = await write(`LUNO_API_KEY='id1 '\r\nLUNO_API_SECRET="${SECRET} "\r\n`);
    assert.deepEqual(await credentialsOf({}, { "env-file": path }), expected);
    assert.equal(await credentialsOf({ LUNO_API_KEY: " \r\n", LUNO_API_SECRET: "\t" }), undefined);
  }));

for (
  const [placeholder, named] of [
    ["${LUNO_API_KEY}", "${…} of LUNO_API_KEY"],
    [" ${LUNO_API_KEY}\r\n", "${…} of LUNO_API_KEY"],
    ["${env:LUNO_API_KEY}", "${…} of env:LUNO_API_KEY"],
    ["${input:luno_key}", "${…} of input:luno_key"],
    [`\${${SECRET}}`, "${…}"],
    ["${LUNO_API_KEY:-}", "${…}"],
    ["prefix-${LUNO_API_KEY", "${…}"],
    ["$LUNO_API_KEY", "$… of LUNO_API_KEY"],
    ["$env:LUNO_API_KEY", "$env:… of env:LUNO_API_KEY"],
    ["$(pass luno)", "$(…)"],
    ["%LUNO_API_KEY%", "%…% of LUNO_API_KEY"],
    ["{{ secrets.LUNO_API_KEY }}", "{{…}}"],
    ["<your key>", "<…>"],
    [`<${SECRET}>`, "<…>"],
    ["[api key]", "[…]"],
    ["your_api_key_here", "your-…-key"],
    ["changeme", "a filler"],
    ["undefined", "a filler"],
    ["null", "a filler"],
    ["#{LUNO_API_KEY}#", "#{…}"],
    ["__LUNO_API_KEY__", "__…__"],
    ["op://vault/luno/key", "a reference"],
    ["'${LUNO_API_KEY}'", "${…} of LUNO_API_KEY"],
  ] as const
) {
  Deno.test(`loadConfig() recognizes the placeholder ${JSON.stringify(placeholder)} instead of sending it`, () =>
    withFiles(async (write) => {
      const problem = `expected the value itself, and it is a placeholder (${named}) that nobody has filled in`;
      const asId = await problemsOf({}, { LUNO_API_KEY: placeholder, LUNO_API_SECRET: "s" });
      const asSecret = await problemsOf({}, { LUNO_API_KEY: "id1", LUNO_API_SECRET: placeholder });
      const LUNO_API_SECRET_FILE = await write(placeholder);
      const inFile = await problemsOf({}, { LUNO_API_KEY: "id1", LUNO_API_SECRET_FILE });
      assert.ok(asId.some((text) => text.startsWith(`LUNO_API_KEY: ${problem}`)), asId.join("\n"));
      assert.ok(asSecret.some((text) => text.startsWith(`LUNO_API_SECRET: ${problem}`)), asSecret.join("\n"));
      assert.ok(inFile.some((text) => text.startsWith(`LUNO_API_SECRET_FILE: ${problem}`)), inFile.join("\n"));
    }));
}

Deno.test("loadConfig() refuses a key with inner spaces or with quotation marks around it", async () => {
  const problems = async (id: string) => (await problemsOf({}, { LUNO_API_KEY: id, LUNO_API_SECRET: "s" })).join("\n");
  assert.match(await problems("id 1"), /LUNO_API_KEY: expected no blanks or line breaks inside/);
  assert.match(await problems('"id1"'), /LUNO_API_KEY: expected the value without quotation marks/);
  assert.match(await problems("“id1”"), /LUNO_API_KEY: expected the value without quotation marks/);
  assert.match(await problems("id\u200b1"), /LUNO_API_KEY: expected no invisible characters/);
});

Deno.test("loadConfig() refuses an id or a secret that cannot be sent unchanged, and shows neither", async () => {
  const problems = async (LUNO_API_KEY: string, LUNO_API_SECRET = "s") =>
    (await problemsOf({}, { LUNO_API_KEY, LUNO_API_SECRET })).join("\n");
  assert.match(await problems(`id1:${SECRET}`), /^LUNO_API_KEY: expected the id alone/);
  assert.match(await problems("LUNO_API_KEY=id1"), /^LUNO_API_KEY: expected the value alone, without its name/);
  assert.match(await problems('id1"'), /^LUNO_API_KEY: expected letters, digits and signs/);
  assert.match(await problems("ïd1"), /^LUNO_API_KEY: expected letters, digits and signs/);
  assert.match(await problems("id1", `${SECRET}'`), /^LUNO_API_SECRET: expected letters, digits and signs/);
  assert.match(await problems("id1", `LUNO_API_SECRET=${SECRET}`), /^LUNO_API_SECRET: expected the value alone/);
  for (const each of [await problems(`id1:${SECRET}`), await problems("id1", `LUNO_API_SECRET=${SECRET}`)]) {
    assert.ok(!each.includes(SECRET));
  }
});

Deno.test("loadConfig() reads the secret from a file that only its owner can read", () =>
  withFiles(async (write) => {
    const env = { LUNO_API_KEY: "id1", LUNO_API_SECRET_FILE: await write(`${SECRET}\n`) };
    assert.deepEqual(await credentialsOf(env), { id: "id1", secret: SECRET });
  }));

for (const mode of [0o644, 0o604, 0o602, 0o601]) {
  const shown = `0${mode.toString(8)}`;
  Deno.test(`loadConfig() refuses a secret file with mode ${shown} and says how to fix it`, () =>
    withFiles(async (write) => {
      const path = await write(SECRET);
      await Deno.chmod(path, mode);
      const [problem, ...more] = await problemsOf({}, { LUNO_API_KEY: "id1", LUNO_API_SECRET_FILE: path });
      assert.match(problem ?? "", new RegExp(`^LUNO_API_SECRET_FILE: .*mode is ${shown}: run chmod 6[04]0 ${path}$`));
      assert.deepEqual(more, []);
    }));
}

Deno.test("loadConfig() refuses a secret file that is empty, missing or a folder", () =>
  withFiles(async (write, folder) => {
    for (const path of [await write(" \n"), `${folder}/missing`, folder]) {
      const problems = await problemsOf({}, { LUNO_API_KEY: "id1", LUNO_API_SECRET_FILE: path });
      assert.deepEqual(problems.map((problem) => problem.split(":")[0]), ["LUNO_API_SECRET_FILE"], path);
    }
  }));

Deno.test("loadConfig() refuses an incomplete key and two secrets", async () => {
  assert.match(
    (await problemsOf({}, { LUNO_API_KEY: "id1" })).join(),
    /^LUNO_API_SECRET: [^,]*, or LUNO_API_SECRET_FILE/,
  );
  assert.match((await problemsOf({}, { LUNO_API_SECRET: SECRET })).join(), /^LUNO_API_KEY: /);
  const both = { LUNO_API_KEY: "id1", LUNO_API_SECRET: SECRET, LUNO_API_SECRET_FILE: "/tmp/any" };
  assert.match((await problemsOf({}, both)).join(), /^LUNO_API_SECRET, LUNO_API_SECRET_FILE: expected one of the two/);
});

Deno.test("loadConfig() uses an env file for variables that the environment does not set", () =>
  withFiles(async (write) => {
    const path = await write(`# a comment\nexport LUNO_API_KEY="id1"\nLUNO_API_SECRET='${SECRET}'\nLOG_LEVEL=debug\n`);
    const loaded = await load({ "env-file": path }, { LOG_LEVEL: "error" });
    assert.ok(loaded.ok);
    assert.deepEqual(revealed(loaded.credentials), { id: "id1", secret: SECRET });
    assert.equal(loaded.config.logLevel, "error");
    assert.equal(loaded.origins.apiSecret, "env file");
  }));

Deno.test("loadConfig() reads settings from a JSON file, with less priority than flags and environment", () =>
  withFiles(async (write) => {
    const path = await write(
      '{"log-level": "debug", "seed": 5, "tools": ["server", "market"], "max-message-size": 2048}',
    );
    const loaded = await load({ config: path, "log-level": "error" }, { MCP_MAX_MESSAGE_SIZE: "4096" });
    assert.ok(loaded.ok);
    const { logLevel, seed, tools, maxMessageSize } = loaded.config;
    assert.deepEqual([logLevel, seed, tools, maxMessageSize], ["error", 5, ["market", "server"], 4096]);
    assert.equal(loaded.origins.seed, "config file");
  }));

Deno.test("loadConfig() refuses a config file with unknown names, secrets or other files, and quotes no secret", () =>
  withFiles(async (write) => {
    const path = await write(JSON.stringify({ "log-levle": "debug", LUNO_API_SECRET: SECRET, "env-file": "/tmp/x" }));
    const problems = await problemsOf({ config: path });
    assert.deepEqual(problems.map((problem) => problem.split(" ")[0]), ["log-levle", "LUNO_API_SECRET", "env-file"]);
  }));

Deno.test("loadConfig() refuses a config file that is not a JSON object without quoting it", () =>
  withFiles(async (write) => {
    for (
      const text of [SECRET, `{"seed": ${SECRET}}`, `{"seed": "${SECRET}"`, `["${SECRET}"]`, `"${SECRET}"`, "null", ""]
    ) {
      const [problem = "", ...more] = await problemsOf({ config: await write(text) });
      assert.match(problem, /^--config: expected (a )?JSON/);
      assert.doesNotMatch(problem, /canary/);
      assert.deepEqual(more, []);
    }
  }));

Deno.test("loadConfig() names the files it cannot read", async () => {
  const problems = await problemsOf({ config: "/tmp/no/such.json", "env-file": "/tmp/no/such.env" });
  assert.deepEqual(problems.map((problem) => problem.split(":")[0]), ["--env-file", "--config"]);
});

Deno.test("loadConfig() reports bad values, contradictions, missing counterparts and bad files together", () =>
  withFiles(async (write) => {
    const path = await write(SECRET, 0o644);
    await Deno.chmod(path, 0o644);
    const problems = await problemsOf(
      { "log-level": "loud", seed: "1", config: "/tmp/no/such.json" },
      { LUNO_API_SECRET_FILE: path, LUNO_API_URL: "http://evil.example" },
    );
    assert.deepEqual(problems.map((problem) => problem.split(":")[0]).toSorted(), [
      "--config",
      "--log-level",
      "--seed",
      "LUNO_API_KEY",
      "LUNO_API_SECRET_FILE",
      "LUNO_API_URL",
      "LUNO_API_URL",
    ]);
  }));

Deno.test("loadConfig() sends a key to another host only with the flag", async () => {
  const url = "https://exchange.example";
  assert.match((await problemsOf({}, { LUNO_API_URL: url })).join(), /^LUNO_API_URL: .* only by the flag --api-url/);
  assert.match((await problemsOf({}, { LUNO_API_DOMAIN: "luno.com.example" })).join(), /only by the flag --api-url/);
  assert.match((await problemsOf({}, { LUNO_API_URL: "https://evilluno.com" })).join(), /only by the flag --api-url/);
  assert.deepEqual(await problemsOf({ "api-url": url }), []);
  for (const own of ["https://api.staging.luno.com", "luno.com", "http://127.0.0.1:9000", "http://[::1]:9000"]) {
    assert.deepEqual(await problemsOf({}, { LUNO_API_URL: own }), [], own);
  }
});

Deno.test("loadConfig() does not let a config file permit another host", () =>
  withFiles(async (write) => {
    const problems = await problemsOf({ config: await write('{"api-url": "https://exchange.example"}') });
    assert.match(problems.join(), /^api-url in the config file: .* only by the flag --api-url/);
  }));

Deno.test("loadConfig() refuses http off loopback even with the flag, and allows it on loopback", async () => {
  for (
    const url of ["http://api.luno.com", "http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example"]
  ) {
    assert.match((await problemsOf({ "api-url": url })).join(), /^--api-url: expected https/, url);
  }
  for (const url of ["http://localhost:1", "http://127.1", "http://[::1]"]) {
    assert.deepEqual(await problemsOf({ "api-url": url }), [], url);
  }
});

Deno.test("loadConfig() refuses flags that contradict the chosen exchange, but not variables", async () => {
  assert.match(
    (await problemsOf({ exchange: "simulated", "api-url": "https://luno.com" })).join(),
    /^--api-url: not with/,
  );
  assert.match((await problemsOf({ seed: "3" })).join(), /^--seed: only with --exchange simulated/);
  assert.deepEqual(await problemsOf({ exchange: "simulated", seed: "3" }), []);
  assert.deepEqual(await problemsOf({}, { LUNO_MCP_SEED: "3" }), []);
  assert.deepEqual(await problemsOf({ exchange: "simulated" }, { LUNO_API_URL: "http://exchange.example" }), []);
});

Deno.test("loadConfig() refuses network flags on stdio, where they would have no effect, but not variables", async () => {
  const problems = await problemsOf({ "ssl-cert": "/some/cert.pem", port: "9000", "rate-limit": "5" });
  assert.deepEqual(
    problems,
    ["port", "ssl-cert", "rate-limit"].map((flag) => `--${flag}: only with --transport websocket or http`),
  );
  assert.deepEqual(await problemsOf({ transport: "http", port: "9000" }), []);
  assert.deepEqual(await problemsOf({ "max-in-flight": "3", "max-message-size": "2048" }), []);
  assert.deepEqual(await problemsOf({}, { MCP_PORT: "9000" }), []);
});

Deno.test("loadConfig() refuses an env file with a secret that others can read, and accepts one without a secret", () =>
  withFiles(async (write) => {
    const path = await write(`LUNO_API_KEY=id1\nLUNO_API_SECRET=${SECRET}\n`);
    await Deno.chmod(path, 0o644);
    assert.match(
      (await problemsOf({ "env-file": path })).join("\n"),
      /^--env-file: .* mode is 0644: run chmod 6[04]0 /,
    );
    await Deno.writeTextFile(path, "LOG_LEVEL=debug\n");
    assert.deepEqual(await problemsOf({ "env-file": path }), []);
    await Deno.chmod(path, 0o666);
    assert.match((await problemsOf({ "env-file": path })).join("\n"), /^--env-file: .* mode is 0666: run chmod go-w /);
    assert.match((await problemsOf({ config: path })).join("\n"), /^--config: .* mode is 0666: run chmod go-w /);
  }));

Deno.test("loadConfig() treats an empty variable that protects as a mistake, not as unset", async () => {
  const names = [
    "MCP_AUTH",
    "LUNO_MCP_ACCESS",
    "LUNO_MCP_STATE",
    "LUNO_MCP_POLICY",
    "SSL_CLIENT_CA_PATH",
    "SSL_CLIENT_DENY_PATH",
    "MCP_JWT_ISSUER",
    "MCP_JWKS_FILE",
  ];
  const problems = await problemsOf({ transport: "http" }, Object.fromEntries(names.map((name) => [name, ""])));
  assert.deepEqual(problems.map((problem) => problem.split(":")[0]).toSorted(), names.toSorted());
  assert.deepEqual(await problemsOf({}, { LUNO_API_KEY: "", LUNO_API_SECRET: "", MCP_HOST: "" }), []);
});

Deno.test("loadConfig() refuses a config file with a duplicate setting, since only one of the two could apply", () =>
  withFiles(async (write) => {
    const path = await write('{"transport": "http", "auth": "required", "auth": "auto"}');
    assert.deepEqual(await problemsOf({ config: path }), ["--config: auth: expected once: it is repeated"]);
  }));

Deno.test("loadConfig() reads env and config files in UTF-16 and with a byte order mark, from their first line", () =>
  withFiles(async (_write, folder) => {
    const encode = (text: string) => new Uint8Array(new Uint16Array([...text].map((c) => c.charCodeAt(0))).buffer);
    const [envFile, configFile] = [`${folder}/env`, `${folder}/config`];
    for (const written of [encode, (text: string) => new TextEncoder().encode(text)]) {
      await Deno.writeFile(envFile, written("\ufeffLUNO_MCP_EXCHANGE=simulated\r\n"));
      await Deno.writeFile(configFile, written('\ufeff{"seed": 5}'));
      const loaded = await load({ "env-file": envFile, config: configFile });
      assert.ok(loaded.ok, loaded.ok ? "" : loaded.problems.join("\n"));
      assert.deepEqual([loaded.config.exchange, loaded.config.seed], ["simulated", 5]);
    }
    await Deno.writeFile(configFile, new Uint8Array([0x7b, 0xe9, 0x7d]));
    assert.match(
      (await problemsOf({ config: configFile })).join(),
      /^--config: expected a text file in UTF-8 or UTF-16/,
    );
  }));

Deno.test("loadConfig() refuses unreadable lines of an env file, and unknown names", () =>
  withFiles(async (write) => {
    const path = await write(`LUNO_MCP_EXCHANGE: simulated\nLUNO_API_SECRT=${SECRET}\n`);
    assert.deepEqual(await problemsOf({ "env-file": path }), [
      "--env-file: line 1: expected LUNO_MCP_EXCHANGE=value, with an equals sign instead of the colon",
      "--env-file: LUNO_API_SECRT: unknown variable, did you mean LUNO_API_SECRET",
    ]);
  }));

Deno.test("loadConfig() also finds its files by variables, the config file by the env file too", () =>
  withFiles(async (write) => {
    const configFile = await write('{"seed": 7, "seeds": 8}');
    const envFile = await write(`LUNO_MCP_CONFIG=${configFile}\nLUNO_MCP_EXCHANGE=simulated\n`);
    assert.deepEqual(await problemsOf({}, { LUNO_MCP_ENV_FILE: envFile }), [
      "seeds in the config file: unknown setting, did you mean seed; secrets come from the environment or a file of their own",
    ]);
    const named = await write(`LUNO_MCP_ENV_FILE=${envFile}\n`);
    assert.deepEqual(await problemsOf({}, { LUNO_MCP_ENV_FILE: named }), [
      "LUNO_MCP_ENV_FILE: LUNO_MCP_ENV_FILE: a file of variables cannot name another one",
    ]);
    assert.match((await problemsOf({}, { LUNO_MCP_CONFIG: "" })).join(), /^LUNO_MCP_CONFIG: expected a value/);
  }));

Deno.test("loadConfig() prefers the prefixed name of a variable to the short one", async () => {
  const loaded = await load({}, { LUNO_MCP_LOG_LEVEL: "error", LOG_LEVEL: "debug", LOG_FORMAT: "json" });
  assert.ok(loaded.ok);
  assert.deepEqual([loaded.config.logLevel, loaded.config.logFormat], ["error", "json"]);
});
