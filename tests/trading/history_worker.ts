/** Runs a share of histories on another core. */

import { runShare, type Share, type Tally } from "./history_share.ts";

/** A worker's messages: its progress, and finally its results. */
export type WorkerMessage = { readonly kind: "progress" | "end"; readonly tally: Tally };

declare const self: {
  onmessage: ((event: MessageEvent<Share>) => void) | null;
  postMessage(message: WorkerMessage): void;
};

self.onmessage = async ({ data }) => {
  const tally = await runShare(data, (soFar) => self.postMessage({ kind: "progress", tally: soFar }));
  self.postMessage({ kind: "end", tally });
};
