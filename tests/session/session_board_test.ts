import assert from "node:assert/strict";
import { readShown } from "../../src/session/session_board.ts";

const SESSION = {
  id: "0123456789abcdef",
  identity: "key:alice",
  transport: "websocket",
  state: "open",
  client: null,
  since: "2026-11-29T10:00:00.000Z",
  last_seen: "2026-11-29T10:00:01.000Z",
};

Deno.test("readShown() reads what a server has published, and nothing that lacks a member or has another form", () => {
  const shown = { server: "a", count: 1, sessions: [SESSION] };
  assert.deepEqual(readShown(JSON.stringify(shown)), shown);
  for (const name of Object.keys(SESSION)) {
    const sessions = [{ ...SESSION, [name]: undefined }];
    assert.equal(readShown(JSON.stringify({ ...shown, sessions })), undefined, name);
  }
  for (const text of ["", "null", "[]", "{", JSON.stringify({ ...shown, sessions: [null] })]) {
    assert.equal(readShown(text), undefined, text);
  }
});
