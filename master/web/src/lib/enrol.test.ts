import { describe, expect, it } from "vitest";

import { byState, compose, composeValue, dockerRun, environmentValue, mayHaveUsed, shellWord, stateOf, systemd } from "./enrol";
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

describe("a code", () => {
  const code = (id: number, expiresAt: string, usedAt?: string) => ({ id, createdBy: "ada", createdAt: "", expiresAt, ...(usedAt === undefined ? {} : { usedAt }) });
  const NOON_MS = Date.parse("2026-11-27T12:00:00Z");
  const [BEFORE, AT, AFTER] = ["2026-11-27T11:59:59Z", "2026-11-27T12:00:00Z", "2026-11-27T12:00:01Z"];

  it("is good until it expires or is used", () => {
    expect(stateOf(code(1, AFTER), NOON_MS)).toBe("open");
    expect(stateOf(code(1, AT), NOON_MS)).toBe("expired");
    expect(stateOf(code(1, AFTER, BEFORE), NOON_MS)).toBe("used");
    expect(stateOf(code(1, BEFORE, BEFORE), NOON_MS)).toBe("used");
  });

  it("comes before those that are good for nothing any more, and newer ones before older ones", () => {
    const codes = [code(1, BEFORE), code(2, AFTER), code(3, AFTER, BEFORE), code(4, AFTER)];
    expect(byState(codes, NOON_MS).map(({ id }) => id)).toEqual([4, 2, 3, 1]);
  });
});
