import assert from "node:assert/strict";
import { readCompileOptions } from "../../scripts/packaging/compile_options.ts";
import { TARGET_NAMES } from "../../scripts/packaging/targets.ts";

Deno.test("readCompileOptions() reads one system, all of them, or by default the current one", () => {
  assert.deepEqual(readCompileOptions([]), { ok: true, targets: "host" });
  assert.deepEqual(readCompileOptions(["--target", "macos-arm64"]), { ok: true, targets: ["macos-arm64"] });
  assert.deepEqual(readCompileOptions(["--target=windows-x64"]), { ok: true, targets: ["windows-x64"] });
  assert.deepEqual(readCompileOptions(["--target", "all"]), { ok: true, targets: TARGET_NAMES });
});

Deno.test("readCompileOptions() reports an unknown system or argument, and lists the systems", () => {
  for (const args of [["--target", "solaris"], ["--target"], ["linux-x64"], ["--target", "linux-x64", "more"]]) {
    const options = readCompileOptions(args);
    assert.ok(!options.ok);
    assert.ok(options.problem.includes(args.at(-1) ?? ""), options.problem);
    assert.match(options.problem, /linux-x64, linux-arm64, macos-x64, macos-arm64, windows-x64, or all$/);
  }
});
