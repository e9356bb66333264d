import project from "../deno.json" with { type: "json" };

/** The program's version, as `deno.json` has it. */
export const VERSION: string = project.version;

/** The program's name. */
export const NAME: string = project.name;
