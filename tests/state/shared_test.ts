import { SHARED_ENGINES } from "./shared_engines.ts";
import { SHARED_PROMISES } from "./shared_suite.ts";

for (const [engine, start] of Object.entries(SHARED_ENGINES)) {
  for (const [promise, check] of Object.entries(SHARED_PROMISES)) {
    Deno.test(`shared state in ${engine}: ${promise}`, async () => {
      await using installation = await start();
      await check(installation);
    });
  }
}
