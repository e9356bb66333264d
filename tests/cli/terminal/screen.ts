/** Screens of tests. */

import type { Screen } from "../../../src/cli/terminal/screen.ts";

/** 80 columns without colours at the time of a test world, unless a test says otherwise. */
export function testScreen(options: Partial<Screen> = {}): Screen {
  return { columns: 80, rows: 24, colour: false, now: Date.UTC(2026, 10, 22, 10, 7, 31), ...options };
}
