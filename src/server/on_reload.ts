import { stateFolder } from "../state/folder.ts";
import { watchReload } from "../state/reload_request.ts";
import type { LoadedConfig } from "./open_exchange.ts";
import type { World } from "../world.ts";

/** Has `listener` called at SIGHUP and at the command `reload`; answers what ends the watch for the command. */
export function onReload({ config }: LoadedConfig, world: World, listener: () => void): () => void {
  world.onHangup(listener);
  const folder = config.state ?? stateFolder(world.env);
  return folder === undefined ? () => {} : watchReload(folder, listener);
}
