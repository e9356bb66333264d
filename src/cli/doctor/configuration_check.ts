/** Checks the configuration, and reports which settings are set, and where. */

import { shownSettings } from "../../config/print.ts";
import { mistypedVariables } from "../../config/variables.ts";
import { exposureWarnings } from "../../server/network/exposure_warnings.ts";
import { broken, ok, warning } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";

const NAME = "configuration";

/** Reports every problem of the settings; if there is none, the settings. */
export function checkConfiguration({ world, loaded }: CheckContext): Promise<readonly CheckResult[]> {
  const results = mistypedVariables(world.variables?.() ?? []).map((problem) =>
    broken(NAME, problem, "rename the variable, or unset it")
  );
  if (!loaded.ok) {
    const fix = "correct that setting: luno-mcp-server --help explains each";
    return Promise.resolve([...results, ...loaded.problems.map((problem) => broken(NAME, problem, fix))]);
  }
  const set = shownSettings(loaded, world.env).filter(({ origin }) => origin !== "default" && origin !== "unset");
  const words = set.map(({ name, value, origin }) => `${name} ${value} (${origin})`);
  results.push(ok(NAME, words.length === 0 ? "every setting has its default" : `set: ${words.join(", ")}`));
  const fix = "change the setting, or leave it if that is meant";
  return Promise.resolve([...results, ...exposureWarnings(loaded).map((text) => warning(NAME, text, fix))]);
}
