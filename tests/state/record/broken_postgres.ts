/** Databases under the engine of PostgreSQL that are broken on purpose. */

import { Database } from "../../../src/state/record/postgres/database.ts";
import type { Session } from "../../../src/state/record/postgres/database.ts";
import type { Row } from "../../../src/state/row.ts";
import { StateError } from "../../../src/state/state_error.ts";
import { LosingDatabase } from "../broken_postgres_databases.ts";

/** Answers a while before it commits. */
class EarlyDatabase extends Database {
  override transaction<Result>(body: (session: Session) => Promise<Result>): Promise<Result> {
    const answered = Promise.withResolvers<Result>();
    const written = super.transaction(async (session) => {
      const result = await body(session);
      answered.resolve(result);
      await session.query("SELECT pg_sleep(0.1)");
    });
    written.catch(answered.reject);
    return answered.promise;
  }
}

/** Believes what it has read before it had the lock. */
class RacingDatabase extends Database {
  override async transaction<Result>(body: (session: Session) => Promise<Result>): Promise<Result> {
    let believed: Row[] | undefined;
    for (;;) {
      try {
        return await super.transaction((session) =>
          body({
            async query(text, values) {
              if (!text.includes("AS is_listed")) return await session.query(text.replace(" FOR UPDATE", ""), values);
              believed ??= await session.query(text, values);
              await session.query("SELECT pg_sleep(0.02)");
              return believed;
            },
          })
        );
      } catch (error) {
        // Another process has added to the audit meanwhile.
        if (!(error instanceof StateError && error.failure === "damaged")) throw error;
      }
    }
  }
}

/** Reads of previews what is not so. */
function misreading(pattern: RegExp, instead: string): typeof Database {
  return class extends Database {
    override transaction<Result>(body: (session: Session) => Promise<Result>): Promise<Result> {
      return super.transaction(({ query }) =>
        body({ query: (text, values) => query(/^SELECT/.test(text) ? text.replace(pattern, instead) : text, values) })
      );
    }
  };
}

/** Is told something else than the engine says. */
function rewording(pattern: RegExp, instead: string): typeof Database {
  return class extends Database {
    override transaction<Result>(body: (session: Session) => Promise<Result>): Promise<Result> {
      return super.transaction(({ query }) =>
        body({ query: (text, values) => query(text.replace(pattern, instead), values) })
      );
    }
  };
}

/** Previews with another value in one column. */
function previewsWith(expiresAt: string, usedAt: string): string {
  return `FROM (SELECT preview_id, identity, created_at, ${expiresAt} AS expires_at, ${usedAt} AS used_at FROM previews) p`;
}

/** What is wrong with an engine. */
const BROKEN_DATABASES = {
  losing: LosingDatabase,
  early: EarlyDatabase,
  racing: RacingDatabase,
  reusing: misreading(/FROM previews/, previewsWith("expires_at", "NULL::bigint")),
  lending: misreading(/(?<=FROM previews\s+WHERE preview_id = \$\d+ AND )identity = (\$\d+)/, "$1::text IS NOT NULL"),
  timeless: misreading(/FROM previews/, previewsWith("9e15::bigint", "used_at")),
  unstoppable: rewording(/row_to_json\(k\)::text/, `(row_to_json(k)::jsonb || '{"is_halted": 0}')::text`),
  holding: rewording(/(?<=^DELETE FROM calls WHERE )(?=attempt)/, "false AND "),
  answering: rewording(/(?<=^UPDATE approvals SET )taken_at = \$1/, "created_at = created_at + 0 * $1::bigint"),
} as const;

/** The database under an engine. */
export function databaseOf(engine: string): typeof Database {
  return BROKEN_DATABASES[engine as keyof typeof BROKEN_DATABASES] ?? Database;
}
