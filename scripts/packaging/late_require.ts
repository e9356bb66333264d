/**
 * What the bundler puts at the head of every bundle, so that packages of CommonJS can require modules of Node.js: it loads one
 * of them, and with it many more, in each start. Here it is put off to the first that is required.
 */

const EARLY = /import\{createRequire as (\w+)\} from "node:module";var (\w+)=\1\(import\.meta\.url\);/;

/** The text of a bundled module that loads nothing of Node.js for a `require` that may never come. */
export function requireLate(text: string): string {
  return text.replace(
    EARLY,
    (_, create, name) =>
      `var ${create};var ${name}=(id)=>(${create}??=process.getBuiltinModule("node:module").createRequire(import.meta.url))(id);`,
  );
}
