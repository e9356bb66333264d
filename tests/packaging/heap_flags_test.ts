import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };
import { HEAP_FLAGS } from "../../scripts/packaging/heap_flags.ts";

Deno.test("deno task start limits the heap as the compiled program does", () => {
  assert.ok(project.tasks.start.command.startsWith(`deno run ${HEAP_FLAGS} `), project.tasks.start.command);
});

Deno.test("the runtime knows every flag of the heap", async () => {
  const { stderr, success } = await new Deno.Command(Deno.execPath(), { args: ["eval", HEAP_FLAGS, ""] }).output();
  assert.deepEqual([success, new TextDecoder().decode(stderr)], [true, ""]);
});
