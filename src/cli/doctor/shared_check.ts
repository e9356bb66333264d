/** Checks whether the Redis that several servers share can be reached and takes this server. Writes nothing to it. */

import { readSharedAccess } from "../../config/shared_access.ts";
import { redisName } from "../../state/redis_address.ts";
import { abortable, Deadline } from "../../timing/deadline.ts";
import { broken, ok, warning } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";

const NAME = "shared state";

/** Connects as a server does; nothing is reported where no address is set, as most have none. */
export async function checkShared({ config, world, signal, limits }: CheckContext): Promise<readonly CheckResult[]> {
  const problems: string[] = [];
  const access = await readSharedAccess(config, problems);
  if (problems.length > 0) return problems.map((problem) => broken(NAME, problem, "correct the setting"));
  if (access === undefined) return [];
  const { RedisConnection } = await import("../../state/shared/redis/connection.ts");
  const { monotonic, random = Math.random } = world;
  const connection = new RedisConnection({ access, monotonic, random });
  const name = redisName(access.address);
  using deadline = new Deadline(limits.sharedMs, [signal]);
  try {
    const late = () => new Error(`no answer within ${limits.sharedMs / 1_000} s`);
    const problem = await abortable(connection.firstOutcome, deadline.signal, late).catch((error: Error) => error);
    if (connection.refusal !== undefined) {
      return [broken(NAME, `${name} refuses this server: ${connection.refusal}`, "check its user and password")];
    }
    if (problem === undefined) return [ok(NAME, `${name} is reached`)];
    const text = `${name} cannot be reached: ${problem.message}; a server goes on without it`;
    return [warning(NAME, text, "check --shared-url, and whether Redis runs there")];
  } finally {
    connection.close();
  }
}
