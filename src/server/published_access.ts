/** The access file that was published to the database which several servers share. */

import { parseAccess } from "../access/access_file.ts";
import type { CurrentGrants } from "../access/grants.ts";
import { readDatabaseAccess } from "../config/database_access.ts";
import type { Config } from "../config/server_settings.ts";
import { StateError } from "../state/state_error.ts";
import { StoreError } from "../trading/record/store_error.ts";
import { FollowedFile } from "./followed_file.ts";

/** The followed file, and how to close it. */
export interface PublishedAccess {
  readonly file: FollowedFile;
  close(): Promise<void>;
}

/**
 * Opens it on existing tables, and puts its content into `grants`. Problems are added to the others; `undefined` when
 * there are any, or there is no database.
 */
export async function openPublishedAccess(
  config: Config,
  { grants, problems }: { readonly grants: CurrentGrants; readonly problems: string[] },
): Promise<PublishedAccess | undefined> {
  if (config.stateUrl === undefined) return undefined;
  // Problems of these settings were reported when the keys were opened.
  const access = await readDatabaseAccess(config, []);
  if (access === undefined) return undefined;
  const { PublishedReader } = await import("../state/record/postgres/published_reader.ts");
  const reader = new PublishedReader(access);
  const file = new FollowedFile({
    ...{ kind: "access", hasOwn: config.access !== undefined, isServer: true },
    otherwise: "it does not count here",
    take({ text }) {
      const parsed = parseAccess(text);
      if (!parsed.ok) return parsed.problems;
      grants.replace(parsed.access);
      return [];
    },
  });
  const close = async () => {
    await file.close();
    await reader.close();
  };
  try {
    const wrong = await file.open(reader);
    if (wrong.length === 0) return { file, close };
    problems.push(...wrong);
  } catch (error) {
    if (!(error instanceof StateError || error instanceof StoreError)) throw error;
    problems.push(`--state-url: ${error.message}`);
  }
  await close();
  return undefined;
}
