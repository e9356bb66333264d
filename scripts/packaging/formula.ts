/** The Homebrew formula of a release, written to `dist/release` from its checksums. */

import { print } from "../../src/world.ts";
import { CHECKSUMS } from "./checksums.ts";
import { DESCRIPTION, homeOf, LICENSE, NAME, VERSION } from "./product.ts";
import type { Home } from "./product.ts";
import { binaryName, RELEASE_FOLDER } from "./targets.ts";
import type { TargetName } from "./targets.ts";

/** Homebrew's names for systems. */
const SYSTEMS: Readonly<Record<string, Readonly<Record<string, TargetName>>>> = {
  on_macos: { on_arm: "macos-arm64", on_intel: "macos-x64" },
  on_linux: { on_arm: "linux-arm64", on_intel: "linux-x64" },
};

/**
 * The formula for the programs in `checksums`, a text in the form that `sha256sum` prints. A system without a program
 * is an error.
 */
export function formula(home: Home, checksums: string): string {
  const digests = new Map(checksums.trim().split("\n").map((line) => [line.slice(66), line.slice(0, 64)]));
  const blocks = Object.entries(SYSTEMS).map(([system, targets]) => {
    const parts = Object.entries(targets).map(([cpu, target]) => {
      const name = binaryName(target);
      const digest = digests.get(name);
      if (digest === undefined) throw new TypeError(`Cannot write a formula: ${CHECKSUMS} has no ${name}`);
      const address = `${home.url}/releases/download/v${VERSION}/${name}`;
      return `    ${cpu} do\n      url "${address}"\n      sha256 "${digest}"\n    end\n`;
    });
    return `  ${system} do\n${parts.join("")}  end\n`;
  });
  return `class LunoMcpServer < Formula
  desc "${DESCRIPTION}"
  homepage "${home.url}"
  version "${VERSION}"
  license "${LICENSE}"

${blocks.join("\n")}
  def install
    bin.install Dir["${NAME}-*"].first => "${NAME}"
    generate_completions_from_executable(bin/"${NAME}", "completions")
    (man1/"${NAME}.1").write Utils.safe_popen_read(bin/"${NAME}", "man")
  end

  test do
    assert_equal version.to_s, shell_output("#{bin}/${NAME} --version").strip
  end
end
`;
}

if (import.meta.main) {
  const home = homeOf(Deno.env.get("GITHUB_REPOSITORY"));
  if (home === undefined) {
    await print(Deno.stderr, "Cannot write a formula: expected OWNER/NAME in GITHUB_REPOSITORY");
    Deno.exit(2);
  }
  const checksums = await Deno.readTextFile(`${RELEASE_FOLDER}/${CHECKSUMS}`);
  await Deno.writeTextFile(`${RELEASE_FOLDER}/${NAME}.rb`, formula(home, checksums));
}
