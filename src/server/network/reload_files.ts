/** Reloads the files of a network server: access, deny list, policy, certificate. Invalid files change nothing. */

import { getLogger } from "../../logging/logger.ts";
import type { Config } from "../../config/server_settings.ts";
import type { RunningListener } from "../../transport/listeners/listener.ts";
import type { World } from "../../world.ts";
import type { LazyBackend } from "../lazy_backend.ts";
import type { Access } from "../open_access.ts";
import { certificateExpiry, readCertificate } from "./server_certificate.ts";

const log = getLogger(["luno-mcp-server", "serve"]);

/** The parts that can reload files. */
export interface ReloadedParts {
  readonly access: Access;
  readonly backend: LazyBackend;
  readonly listener: RunningListener;
}

/** Puts rights and certificate of the present files in force; the result is logged. */
export async function reloadFiles(
  config: Config,
  world: World,
  { access, backend, listener }: ReloadedParts,
): Promise<void> {
  const problems = [...await access.reload(), ...await backend.reload()];
  if (problems.length > 0) log.error("reload failed; keeping the previous access and policy files", { problems });
  else log.info("access and policy files reloaded");
  access.watch.look();
  const tls = await readCertificate(config, world);
  if (tls === undefined) return;
  if (!tls.ok) {
    return log.error("certificate reload failed; keeping the previous certificate", { problems: tls.problems });
  }
  try {
    listener.reload(tls.files);
    backend.presence?.update({ certificate_expires_at: certificateExpiry(tls) });
    log.info("certificate reloaded; new connections use it");
  } catch (error) {
    log.error("this listener cannot reload its certificate; restart to use the new one", { error });
  }
}
