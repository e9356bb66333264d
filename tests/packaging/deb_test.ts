import assert from "node:assert/strict";
import { layOutDeb } from "../../scripts/packaging/deb_tree.ts";
import { NAME, VERSION } from "../../scripts/packaging/product.ts";
import { SERVER_SETTINGS } from "../../src/config/server_settings.ts";
import type { Setting } from "../../src/config/setting.ts";

const UNIT = await Deno.readTextFile(new URL("../../deploy/debian/luno-mcp-server.service", import.meta.url));

const isThere = (path: string) => Deno.stat(path).then(() => true, () => false);

/** Runs a script with `sh`, and takes what it prints. */
async function sh(script: string, ...args: readonly string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command("sh", { args: ["-c", script, ...args] }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

if (await isThere("/usr/bin/dpkg-deb")) {
  Deno.test("layOutDeb() lays out a package that dpkg-deb builds: the program, its unit and settings, its page and completions", async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.mkdir(`${folder}/tree`, { mode: 0o700 });
      await Deno.writeTextFile(`${folder}/program`, "#!/bin/sh\n");
      await layOutDeb(`${folder}/tree`, "linux-arm64", { program: `${folder}/program` });
      const { code, text } = await sh(
        'dpkg-deb --root-owner-group --build "$0/tree" "$0/a.deb" >&2 && dpkg-deb -f "$0/a.deb" && dpkg-deb -c "$0/a.deb" && dpkg-deb --ctrl-tarfile "$0/a.deb" | tar t',
        folder,
      );
      assert.equal(code, 0, text);
      assert.match(text, new RegExp(`Package: ${NAME}\nVersion: ${VERSION}\nArchitecture: arm64\n`));
      assert.match(text, /-rwxr-xr-x root\/root .* \.\/usr\/bin\/luno-mcp-server\n/);
      assert.match(text, /-rw-r--r-- root\/root .* \.\/usr\/lib\/systemd\/system\/luno-mcp-server\.service\n/);
      assert.match(text, /drwxr-xr-x root\/root .* \.\/etc\/default\/\n/);
      assert.match(text, /^\.\/conffiles$/m);
      assert.match(text, /-rw-r--r-- root\/root .* \.\/usr\/share\/man\/man1\/luno-mcp-server\.1\.gz\n/);
      for (const path of ["bash-completion/completions/", "zsh/vendor-completions/_", "fish/vendor_completions.d/"]) {
        assert.ok(text.includes(`./usr/share/${path}luno-mcp-server`), path);
      }
      // Nothing runs at the installation; the removal stops the service.
      assert.deepEqual(text.match(/^\.\/(pre|post)(inst|rm)$/gm), ["./prerm"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

if (await isThere("/usr/bin/systemd-analyze")) {
  Deno.test("systemd verifies the unit, and rates its exposure low", async () => {
    const folder = await Deno.makeTempDir();
    try {
      // systemd looks for the program, which need not be installed here.
      await Deno.writeTextFile(`${folder}/${NAME}.service`, UNIT.replace(`/usr/bin/${NAME}`, "/bin/true"));
      const verified = await sh('systemd-analyze verify "$0"', `${folder}/${NAME}.service`);
      assert.deepEqual(verified, { code: 0, text: "" });
      const security = await sh(
        'systemd-analyze security --offline=yes --threshold=25 "$0"',
        `${folder}/${NAME}.service`,
      );
      assert.equal(security.code, 0, security.text);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("the unit and its settings name variables of the server, and neither contains the secret", async () => {
  const settings = await Deno.readTextFile(new URL("../../deploy/debian/default", import.meta.url));
  const known = Object.values<Setting>(SERVER_SETTINGS).flatMap(({ env }) => env);
  const named = [
    ...[...UNIT.matchAll(/^Environment=(\w+)=/gm)].map(([, name = ""]) => name),
    ...[...settings.matchAll(/^#(\w+)=/gm)].map(([, name = ""]) => name),
  ];
  assert.ok(named.length >= 8);
  for (const name of named) assert.ok(known.includes(name), name);
  assert.ok(!named.includes("LUNO_API_SECRET"));
});
