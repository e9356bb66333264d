/**
 * What the bundler puts at the head of every bundle, so that CommonJS packages can require modules of Node.js: it loads
 * one of them, and with it many more, at each start. Here it is deferred to the first `require`.
 */

const EARLY = /import\{createRequire as (\w+)\} from "node:module";var (\w+)=\1\(import\.meta\.url\);/;

/** The text of a bundled module that loads nothing of Node.js before the first `require`. */
export function requireLate(text: string): string {
  return text.replace(
    EARLY,
    (_, create, name) =>
      `var ${create};var ${name}=(id)=>(${create}??=process.getBuiltinModule("node:module").createRequire(import.meta.url))(id);`,
  );
}
