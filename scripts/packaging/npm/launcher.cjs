#!/usr/bin/env node
// Starts the program from the package for this system, as if it had been started itself: same arguments, streams and
// working folder, signals passed on, and its end (code or signal) is the end of this process.
"use strict";

const { spawn } = require("node:child_process");
const { isatty } = require("node:tty");

const system = `${process.platform}-${process.arch}`;
const name = `@luno-mcp-server/${system}`;
const isWindows = process.platform === "win32";

/** How often the parent is looked for where npm started this process, in milliseconds. */
const PARENT_INTERVAL_MS = 500;

function fail(reason) {
  process.stderr.write(`Cannot start luno-mcp-server: ${reason}\n`);
  process.exit(1);
}

function findProgram() {
  const { optionalDependencies } = require("./package.json");
  if (!(name in optionalDependencies)) {
    fail(`expected one of ${Object.keys(optionalDependencies).join(", ")}: current system is ${system}`);
  }
  try {
    return require.resolve(`${name}/luno-mcp-server${isWindows ? ".exe" : ""}`);
  } catch {
    const libc = process.platform === "linux" ? " On Linux it needs glibc: there is none for musl (Alpine)." : "";
    fail(`the package ${name} is not installed. Install again, with optional dependencies.${libc}`);
  }
}

const child = spawn(findProgram(), process.argv.slice(2), { stdio: "inherit" });
child.on("error", (error) => fail(`${error.message}. On Linux it needs glibc, and a file that may be executed.`));

// A terminal signals the program itself, and to the program a second SIGINT means to end at once.
const fromTerminal = [0, 1, 2].some((stream) => isatty(stream)) ? ["SIGINT", "SIGHUP"] : [];
const passedOn = isWindows ? [] : ["SIGINT", "SIGHUP", "SIGTERM", "SIGQUIT", "SIGUSR1", "SIGUSR2"];
for (const signal of isWindows ? ["SIGINT", "SIGBREAK"] : passedOn) {
  process.on(signal, () => {
    if (!isWindows && !fromTerminal.includes(signal)) child.kill(signal);
  });
}

// npx passes a signal on to its shell, and the shell to nobody: its end is all that is seen of it here.
if (process.env.npm_command === "exec") {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    child.kill("SIGTERM");
  }, PARENT_INTERVAL_MS);
  timer.unref();
}

child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  for (const passed of passedOn) process.removeAllListeners(passed);
  process.kill(process.pid, signal);
});
