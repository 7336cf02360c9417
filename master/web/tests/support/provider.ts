// An OpenID Connect provider of a few lines: discovery, its key, a page to log in at, and tokens (OpenID Connect Core 1.0,
// authorization code flow with PKCE, RFC 7636).

import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

const CLIENT_ID = "neon";
const CLIENT_SECRET = "browser-tests-client-secret";
const LIFETIME_S = 300;

export class Provider {
  readonly issuer: string;
  readonly #server: Server;
  readonly #key = generateKeyPairSync("rsa", { modulusLength: 2048 });
  /** What was asked for with each code that was given out and not brought back. */
  readonly #codes = new Map<string, URLSearchParams>();

  private constructor(server: Server) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    this.issuer = `http://127.0.0.1:${address.port}`;
    this.#server = server;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response));
  }

  static async start(): Promise<Provider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Provider(server);
  }

  /** The environment of a master where its people are operators. */
  environment(name: string): Record<string, string> {
    return { OIDC_ISSUER: this.issuer, OIDC_CLIENT_ID: CLIENT_ID, OIDC_CLIENT_SECRET: CLIENT_SECRET, OIDC_NAME: name, OIDC_OPERATORS: "*" };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.issuer);
    const json = (status: number, value: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return void json(200, {
          issuer: this.issuer,
          authorization_endpoint: `${this.issuer}/authorize`,
          token_endpoint: `${this.issuer}/token`,
          jwks_uri: `${this.issuer}/keys`,
          response_types_supported: ["code"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["RS256"],
        });
      case "/keys":
        return void json(200, { keys: [{ ...this.#key.publicKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "1" }] });
      case "/authorize":
        return void response.writeHead(200, { "content-type": "text/html" }).end(this.#page(url.searchParams));
      case "/token":
        return void json(...this.#token(request.headers.authorization, new URLSearchParams(await bodyOf(request))));
      default:
        return void response.writeHead(404).end();
    }
  }

  /** Where its user says who they are, or that they would rather not. */
  #page(asked: URLSearchParams): string {
    const code = randomUUID();
    this.#codes.set(code, asked);
    const back = (outcome: Record<string, string>) => {
      const url = new URL(asked.get("redirect_uri") ?? "");
      const parameters = { ...outcome, state: asked.get("state") ?? "", iss: this.issuer };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      return url.href.replaceAll("&", "&amp;");
    };
    return `<!doctype html><title>Provider</title><a href="${back({ code })}">I am Anna</a> <a href="${back({ error: "access_denied" })}">Cancel</a>`;
  }

  #token(authorization: string | undefined, given: URLSearchParams): [number, unknown] {
    const asked = this.#codes.get(given.get("code") ?? "");
    this.#codes.delete(given.get("code") ?? "");
    const challenge = createHash("sha256").update(given.get("code_verifier") ?? "").digest("base64url");
    const credentials = `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString("base64")}`;
    if (authorization !== credentials) return [401, { error: "invalid_client" }];
    if (asked?.get("code_challenge") !== challenge) return [400, { error: "invalid_grant" }];
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: this.issuer, aud: CLIENT_ID, sub: "anna-1", preferred_username: "anna", nonce: asked.get("nonce"), iat, exp: iat + LIFETIME_S };
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const message = `${part({ alg: "RS256", kid: "1" })}.${part(claims)}`;
    const signature = sign("RSA-SHA256", Buffer.from(message), this.#key.privateKey).toString("base64url");
    return [200, { access_token: "of no use here", token_type: "Bearer", id_token: `${message}.${signature}` }];
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
