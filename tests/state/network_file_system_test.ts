import assert from "node:assert/strict";
import { networkFileSystem } from "../../src/state/network_file_system.ts";

Deno.test("networkFileSystem() names remote file systems, with the system's number signed or not", async () => {
  const named = (type: number) => networkFileSystem("/state", { os: "linux", typeOf: () => Promise.resolve(type) });
  assert.equal(await named(0x6969), "NFS");
  assert.equal(await named(0xff534d42), "CIFS");
  assert.equal(await named(0xff534d42 | 0), "CIFS");
  assert.equal(await named(0xef53), undefined);
});

Deno.test("networkFileSystem() asks the system about the folder itself", async () => {
  assert.equal(await networkFileSystem("/dev/shm", { os: "linux" }), undefined);
  assert.equal(await networkFileSystem("/there/is/none", { os: "linux" }), undefined);
});

Deno.test("networkFileSystem() recognizes a Windows share by its name", async () => {
  for (const share of ["\\\\nas\\luno", "//nas/luno"]) {
    assert.equal(await networkFileSystem(share, { os: "windows" }), "a network share");
  }
  for (const local of ["C:\\luno", "\\\\?\\C:\\luno", "\\\\.\\C:\\luno"]) {
    assert.equal(await networkFileSystem(local, { os: "windows" }), undefined);
  }
});
