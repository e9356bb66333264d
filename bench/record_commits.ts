/** How often the record was committed, counted in its write-ahead log: the last page of each commit is marked. */

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** Commits in the log of a SQLite database; if the log has been restarted since, those after that. */
export async function countCommits(wal: string): Promise<number> {
  const view = new DataView((await Deno.readFile(wal)).buffer);
  const frameBytes = FRAME_HEADER_BYTES + view.getUint32(8);
  const salts = [view.getUint32(16), view.getUint32(20)];
  let commits = 0;
  for (let at = HEADER_BYTES; at + frameBytes <= view.byteLength; at += frameBytes) {
    const isCurrent = view.getUint32(at + 8) === salts[0] && view.getUint32(at + 12) === salts[1];
    if (!isCurrent) break;
    if (view.getUint32(at + 4) > 0) commits++;
  }
  return commits;
}
