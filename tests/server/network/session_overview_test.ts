import assert from "node:assert/strict";
import { SessionOverview } from "../../../src/server/network/session_overview.ts";
import type { ListedSession } from "../../../src/server/network/session_overview.ts";
import { MAX_SHOWN } from "../../../src/session/session_board.ts";
import type { SessionBoard, ShownSessions } from "../../../src/session/session_board.ts";

const COUNT = 5_000;

/** Sessions in no order, of which it is counted how many are shown in full. */
function holderOf(sessions: readonly { readonly identity: string; readonly lastSeenMs: number }[]) {
  const holder = {
    shown: 0,
    *listed(): Iterable<ListedSession> {
      for (const { identity, lastSeenMs } of sessions) {
        const at = new Date(lastSeenMs).toISOString();
        const session = { identity, transport: "http", state: "open", client: null, since: at, last_seen: at } as const;
        const show = () => {
          holder.shown++;
          return { id: lastSeenMs.toString(16).padStart(16, "0"), ...session };
        };
        yield { identity, lastSeenMs, show };
      }
    },
    end: () => 0,
  };
  return holder;
}

class Board implements SessionBoard {
  readonly server = "one";
  look: () => ShownSessions = () => assert.fail("nothing is shown");

  show(look: () => ShownSessions): () => void {
    this.look = look;
    return () => {};
  }

  others(): readonly ShownSessions[] {
    return [];
  }
}

for (const order of ["falling", "rising", "mixed"] as const) {
  Deno.test(`SessionOverview shows the most recently used of thousands of sessions, and prepares no more than those (${order})`, () => {
    const times = Array.from({ length: COUNT }, (_, index) => {
      if (order === "mixed") return (index * 7_919) % COUNT;
      return order === "rising" ? index : COUNT - 1 - index;
    });
    const holder = holderOf(times.map((lastSeenMs) => ({ identity: "ann", lastSeenMs })));
    const board = new Board();
    const overview = new SessionOverview({ board, ends: { end: () => true }, holders: [holder] });
    const { count, sessions } = board.look();
    assert.deepEqual([count, sessions.length, holder.shown], [COUNT, MAX_SHOWN, MAX_SHOWN]);
    const expected = Array.from({ length: MAX_SHOWN }, (_, index) => new Date(COUNT - 1 - index).toISOString());
    assert.deepEqual(sessions.map(({ last_seen }) => last_seen), expected);
    overview.close();
  });
}

Deno.test("SessionOverview.list() finds the local sessions of one identity, however long ago they were used", async () => {
  const others = Array.from({ length: COUNT }, (_, index) => ({ identity: "ann", lastSeenMs: index + 10 }));
  const holder = holderOf([{ identity: "bob", lastSeenMs: 5 }, ...others]);
  const overview = new SessionOverview({ board: new Board(), ends: { end: () => true }, holders: [holder] });
  const { count, sessions } = await overview.list("bob");
  assert.deepEqual([count, sessions.map(({ identity }) => identity)], [1, ["bob"]]);
  assert.equal((await overview.list()).count, COUNT + 1);
  overview.close();
});
