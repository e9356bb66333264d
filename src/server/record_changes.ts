/**
 * What other processes change in a record that several servers share, told as soon as it is done. Whoever listens looks
 * for itself, and does so from time to time anyway: a notice may be lost. In a state folder nobody tells of changes.
 */

import { readDatabaseAccess } from "../config/database_access.ts";
import type { Config } from "../config/server_settings.ts";
import type { Notices, Topic } from "../state/record/postgres/notices.ts";

type Listener = () => void;

/** Tells of them until it is closed. */
export class RecordChanges {
  readonly #listeners: { readonly topics: readonly Topic[]; readonly listener: Listener }[] = [];
  #notices: Notices | undefined;

  /** Begins where the settings name a database; a command, which is over soon, hears of nothing. */
  static async open(config: Config, { isServer }: { readonly isServer: boolean }): Promise<RecordChanges> {
    const changes = new RecordChanges();
    if (!isServer || config.stateUrl === undefined) return changes;
    // What is wrong with these settings was said where the record was opened.
    const access = await readDatabaseAccess(config, []);
    if (access === undefined) return changes;
    const { Notices } = await import("../state/record/postgres/notices.ts");
    changes.#notices = new Notices(access, { onChange: (topic) => changes.#tell(topic) });
    return changes;
  }

  /** Calls `listener` at each change of these topics, and when changes may have been missed. */
  listen(topics: readonly Topic[], listener: Listener): void {
    this.#listeners.push({ topics, listener });
  }

  /** Tells of nothing more. */
  async close(): Promise<void> {
    this.#listeners.length = 0;
    await this.#notices?.close();
  }

  #tell(topic: Topic): void {
    for (const { topics, listener } of this.#listeners) {
      if (topic === "anything" || topics.includes(topic)) listener();
    }
  }
}
