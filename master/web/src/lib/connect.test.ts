import { describe, expect, it } from "vitest";

import { binaryCommand, dockerCommand, isLoopback } from "./connect";

describe("dockerCommand", () => {
  it("shares the host's network where the master listens on loopback", () => {
    for (const origin of ["http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"]) {
      expect(dockerCommand(origin), origin).toContain("--network host");
    }
  });

  it("keeps the container's own network for any other master", () => {
    for (const origin of ["https://neon.example.org", "http://10.0.0.4:3000", "http://localhost.example.org"]) {
      expect(dockerCommand(origin), origin).not.toContain("--network");
    }
  });

  it("quotes the place of the secret, which a shell would take for a redirection", () => {
    expect(dockerCommand("https://neon.example.org")).toMatch(/-e AGENT_SECRET='<[^']+>' /);
    expect(binaryCommand("https://neon.example.org")).toMatch(/AGENT_SECRET='<[^']+>' /);
  });
});

describe("isLoopback", () => {
  it("is not fooled by a name that begins like one", () => {
    expect(isLoopback("127.0.0.1.example.org")).toBe(false);
    expect(isLoopback("127.1.2.3")).toBe(true);
  });
});
