/**
 * Notifications of changes that other processes make in a shared record, as soon as they are made. Listeners then read
 * the record, and also do so periodically, as a notification may be lost. A state folder has no notifications.
 */

import { readDatabaseAccess } from "../config/database_access.ts";
import type { Config } from "../config/server_settings.ts";
import type { Notices, Topic } from "../state/record/postgres/notices.ts";

type Listener = () => void;

/** Notifies until it is closed. */
export class RecordChanges {
  readonly #listeners: { readonly topics: readonly Topic[]; readonly listener: Listener }[] = [];
  #notices: Notices | undefined;

  /** Begins if a database is configured; a command, which ends soon, gets no notifications. */
  static async open(config: Config, { isServer }: { readonly isServer: boolean }): Promise<RecordChanges> {
    const changes = new RecordChanges();
    if (!isServer || config.stateUrl === undefined) return changes;
    // Problems of these settings were reported when the record was opened.
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

  /** Ends all notifications. */
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
