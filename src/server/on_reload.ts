import type { Config } from "../config/server_settings.ts";
import { stateFolder } from "../state/folder.ts";
import { watchReload } from "../state/reload_request.ts";
import type { World } from "../world.ts";

/** Calls `listener` at SIGHUP and at the command `reload`; returns a function that ends the watch for the command. */
export function onReload({ state }: Pick<Config, "state">, world: World, listener: () => void): () => void {
  world.onHangup(listener);
  const folder = state ?? stateFolder(world.env);
  return folder === undefined ? () => {} : watchReload(folder, listener);
}
