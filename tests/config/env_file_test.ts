import assert from "node:assert/strict";
import { parseEnvFile } from "../../src/config/env_file.ts";

Deno.test("parseEnvFile() reads comments, export, Windows line endings, and quoted values over several lines", () => {
  const text = [
    "# a comment",
    "",
    "export LOG_LEVEL=debug # in words",
    'LUNO_API_KEY="a',
    'b" # two lines',
    "MCP_HOST='::1'",
    "MCP_PORT=",
    "  PATH_OF_OTHERS = x y",
    "LUNO_API_DEBUG=true",
  ].join("\r\n");
  const { values, problems } = parseEnvFile(text);
  assert.deepEqual(problems, []);
  assert.deepEqual({ ...values }, {
    LOG_LEVEL: "debug",
    LUNO_API_KEY: "a\nb",
    MCP_HOST: "::1",
    MCP_PORT: "",
    PATH_OF_OTHERS: "x y",
    LUNO_API_DEBUG: "true",
  });
});

for (
  const [text, problem] of [
    [
      "LUNO_MCP_EXCHANGE: simulated",
      "line 1: expected LUNO_MCP_EXCHANGE=value, with an equals sign instead of the colon",
    ],
    ["A=1\n\nLUNO_API_SECRET canary\nB=2", "line 3: expected LUNO_API_SECRET=value"],
    ["[server]", "line 1: expected NAME=value"],
    ["canary: x", "line 1: expected NAME=value, with an equals sign instead of the colon"],
    [
      'LUNO_API_KEY="canary',
      "line 1: LUNO_API_KEY: expected a closing quotation mark, and nothing but a comment behind it",
    ],
    [
      'LUNO_API_KEY="canary" canary',
      "line 1: LUNO_API_KEY: expected a closing quotation mark, and nothing but a comment behind it",
    ],
    ["LUNO_MCP_TRADNG=canary", "LUNO_MCP_TRADNG: unknown variable, did you mean LUNO_MCP_TRADING"],
    ["MCP_SSL_CRT_PATH=canary", "MCP_SSL_CRT_PATH: unknown variable, did you mean MCP_SSL_CERT_PATH"],
    ["LUNO_WHATEVER_ELSE=canary", "LUNO_WHATEVER_ELSE: unknown variable"],
    ["log_levl=canary", "log_levl: unknown variable, did you mean LOG_LEVEL"],
    ["SSL_CERT_PTH=canary", "SSL_CERT_PTH: unknown variable, did you mean SSL_CERT_PATH"],
    ["MCP_PORT=canary\nMCP_PORT=2", "MCP_PORT: expected once: it is repeated"],
  ] as const
) {
  Deno.test(`parseEnvFile() refuses ${JSON.stringify(text)} and quotes no value`, () => {
    const { problems } = parseEnvFile(text);
    assert.deepEqual(problems, [problem]);
  });
}

Deno.test("parseEnvFile() ignores variables of other programs", () => {
  const { problems } = parseEnvFile("SSL_CERT_FILE=a\nSSL_CERT_DIR=b\nPATH=c\nLOGNAME=d\nPGHOST=e\nPGHOST=f");
  assert.deepEqual(problems, []);
});
