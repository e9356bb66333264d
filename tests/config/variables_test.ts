import assert from "node:assert/strict";
import { mistypedVariables, VARIABLES } from "../../src/config/variables.ts";

for (
  const [mistyped, meant] of [
    ["LUNO_MCP_SATTE", "LUNO_MCP_STATE"],
    ["LUNO_MCP_STAT", "LUNO_MCP_STATE"],
    ["LUNO_MCP_STATEE", "LUNO_MCP_STATE"],
    ["LUNO_CP_STATE", "LUNO_MCP_STATE"],
    ["LUNO__MCP_STATE", "LUNO_MCP_STATE"],
    ["MCP_SSL_CERT_PAHT", "MCP_SSL_CERT_PATH"],
    ["LUNO_MCP_POLLICY", "LUNO_MCP_POLICY"],
    ["LUNO_MCP_POLIXY", undefined],
    ["LUNO_MCP", undefined],
    ["LUNOMCP_TRADING", undefined],
    ["LUNO_TRADING", "LUNO_MCP_TRADING"],
    ["LUNO_MCP_HOST", "MCP_HOST"],
    ["LUNO_HOST", "MCP_HOST"],
    ["LUNO_MCP_API_SECRET", "LUNO_API_SECRET"],
    ["MCP_MAX_CONNECTION", "MCP_MAX_CONNECTIONS"],
  ] as const
) {
  Deno.test(`mistypedVariables() ${meant === undefined ? "ignores" : "reports"} ${mistyped}`, () => {
    const problems = mistypedVariables([mistyped]);
    assert.deepEqual(problems, meant === undefined ? [] : [`${mistyped}: unknown variable, did you mean ${meant}`]);
  });
}

Deno.test("mistypedVariables() reports none of the known names", () => {
  assert.deepEqual(mistypedVariables([...VARIABLES]), []);
});

Deno.test("mistypedVariables() ignores variables of other MCP programs", () => {
  for (const name of ["MCP_TIMEOUT", "MCP_TOOL_TIMEOUT", "MCP_TOKEN", "MCP_CLIENT_SECRET", "MCP_CONFIG"]) {
    assert.deepEqual(mistypedVariables([name]), [], name);
  }
});
