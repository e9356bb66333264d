import assert from "node:assert/strict";
import { stateFolder } from "../../src/state/folder.ts";

function folder(os: typeof Deno.build.os, variables: Record<string, string>): string | undefined {
  return stateFolder((name) => variables[name], os);
}

Deno.test("stateFolder() is the folder where each system keeps a user's state", () => {
  const home = { HOME: "/home/ann", LOCALAPPDATA: "C:\\Users\\ann\\AppData\\Local" };
  assert.equal(folder("linux", home), "/home/ann/.local/state/luno-mcp-server");
  assert.equal(folder("linux", { ...home, XDG_STATE_HOME: "/var/state" }), "/var/state/luno-mcp-server");
  assert.equal(folder("darwin", home), "/home/ann/Library/Application Support/luno-mcp-server");
  assert.equal(folder("windows", home), "C:\\Users\\ann\\AppData\\Local\\luno-mcp-server");
});

Deno.test("stateFolder() refuses a relative path, which would be another folder at each start", () => {
  assert.equal(
    folder("linux", { HOME: "/home/ann", XDG_STATE_HOME: "state" }),
    "/home/ann/.local/state/luno-mcp-server",
  );
  assert.equal(folder("darwin", { HOME: "." }), undefined);
});

Deno.test("stateFolder() is unknown when the environment names none", () => {
  for (const os of ["linux", "darwin", "windows"] as const) {
    assert.equal(folder(os, {}), undefined);
    assert.equal(folder(os, { HOME: "", XDG_STATE_HOME: "", LOCALAPPDATA: "" }), undefined);
  }
});
