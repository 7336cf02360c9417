import { describe, expect, it } from "vitest";

import { compose, composeValue, dockerRun, environmentValue, mayHaveUsed, shellWord, systemd } from "./enrol";
import type { ServerSummary } from "./model";

const CODE = `neon_code_${"0".repeat(64)}`;
const at = (origin: string, name = "web-1") => ({ origin, name, code: CODE });
const HOSTILE = `a'b "c" $(touch x) \`d\` $HOME \\ #e`;

describe("shellWord", () => {
  it("is one word to a shell, whatever is in it", () => {
    expect(shellWord("web-1.example.org")).toBe("web-1.example.org");
    expect(shellWord("")).toBe("''");
    expect(shellWord("a b")).toBe("'a b'");
    expect(shellWord("a'b")).toBe(`'a'\\''b'`);
    expect(shellWord(HOSTILE)).toBe(`'a'\\''b "c" $(touch x) \`d\` $HOME \\ #e'`);
  });
});

describe("the commands", () => {
  it("name the code, the master and a place for the credential", () => {
    for (const command of [dockerRun, compose, systemd].map((make) => make(at("https://neon.example.org")))) {
      expect(command).toContain(CODE);
      expect(command).toContain("https://neon.example.org");
    }
    expect(dockerRun(at("https://neon.example.org"))).toContain("-e CREDENTIAL_FILE=/var/lib/neon-agent/credential -v neon-agent:/var/lib/neon-agent");
    expect(compose(at("https://neon.example.org"))).toContain("CREDENTIAL_FILE: /var/lib/neon-agent/credential");
  });

  it("share the host's network where the master is on this machine alone", () => {
    expect(dockerRun(at("http://localhost:3000"))).toContain("--network host");
    expect(compose(at("http://localhost:3000"))).toContain("network_mode: host");
    expect(dockerRun(at("https://neon.example.org")) + compose(at("https://neon.example.org"))).not.toContain("network");
  });

  it("take the host's name where none is given", () => {
    expect(dockerRun(at("https://n", ""))).toContain('SERVER_NAME="$(hostname)"');
    expect(compose(at("https://n", ""))).toContain('echo "SERVER_NAME=$(hostname)" >> .env');
    expect(systemd(at("https://n", ""))).toContain('echo "SERVER_NAME=$(hostname)"');
  });

  it("do nothing else, whatever the name is", () => {
    // A shell runs them in the browser's tests.
    expect(dockerRun(at("https://n", HOSTILE))).toContain(`-e SERVER_NAME=${shellWord(HOSTILE)} `);
    expect(composeValue('a$b"')).toBe('"a$$b\\""');
    expect(environmentValue('a"$b\\')).toBe('"a\\"\\$b\\\\"');
  });
});

describe("a server that is told of", () => {
  const code = (serverName?: string) => ({ id: 1, createdBy: "ada", createdAt: "", expiresAt: "", ...(serverName === undefined ? {} : { serverName }) });
  const server = (name: string) => ({ name }) as ServerSummary;

  it("may have used the code that is for it, new or not, and no other's", () => {
    expect(mayHaveUsed(code("web-1"), server("web-1"), false)).toBe(true);
    expect(mayHaveUsed(code("web-1"), server("web-2"), true)).toBe(false);
  });

  it("may have used a code for any name where it is new", () => {
    expect(mayHaveUsed(code(), server("web-2"), true)).toBe(true);
    expect(mayHaveUsed(code(), server("web-2"), false)).toBe(false);
  });
});
