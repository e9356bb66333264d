import { SHARED_ENGINES } from "./shared_engines.ts";
import { SHARED_PROMISES } from "./shared_suite.ts";

for (const [engine, { start, is }] of Object.entries(SHARED_ENGINES)) {
  for (const purpose of is) {
    for (const [promise, check] of Object.entries(SHARED_PROMISES[purpose])) {
      Deno.test(`shared state in ${engine}: ${promise}`, async () => {
        await using installation = await start();
        await check(installation);
      });
    }
  }
}
