import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { issuer } from './issuer';

interface Authorization {
  challenge: string;
  nonce: string;
  redirectUri: string;
}

/** An OpenID Connect provider on this machine: the authorization code flow with PKCE, for one client and one person. */
export class IdentityProvider {
  /** Who is at the browser: the claims of their ID tokens. */
  person: Record<string, unknown> = { sub: 'person-1' };
  /** The error that every authorization comes back with, if any. */
  denies: string | undefined;
  readonly clientId = 'authsec-console';
  readonly #codes = new Map<string, Authorization>();
  readonly #server: Server;
  #keys = issuer('');
  #issuer = '';

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<IdentityProvider> {
    const provider = new IdentityProvider();
    await new Promise<void>((ready) => provider.#server.listen(0, '127.0.0.1', ready));
    provider.#issuer = `http://localhost:${(provider.#server.address() as AddressInfo).port}`;
    provider.#keys = issuer(provider.#issuer);
    return provider;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  get issuer(): string {
    return this.#issuer;
  }

  /** A token of the person who is at the browser, for an audience. */
  token(audience: string, claims: Record<string, unknown> = {}): string {
    return this.#keys.token({ ...this.person, aud: audience, ...claims });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.#issuer);
    const json = (status: number, body: unknown) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return void json(200, {
          issuer: this.#issuer,
          authorization_endpoint: `${this.#issuer}/authorize`,
          token_endpoint: `${this.#issuer}/token`,
          jwks_uri: `${this.#issuer}/jwks`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
          code_challenge_methods_supported: ['S256'],
        });
      case '/jwks':
        return void json(200, this.#keys.jwks);
      case '/authorize':
        return void response.writeHead(302, { Location: this.#authorize(searchParams) }).end();
      case '/token': {
        const body: Buffer[] = [];
        for await (const part of request) body.push(part as Buffer);
        const token = this.#redeem(new URLSearchParams(Buffer.concat(body).toString()));
        return void (token ? json(200, token) : json(400, { error: 'invalid_grant' }));
      }
      default:
        return void json(404, {});
    }
  }

  /** Where the browser goes with the answer. A request that is wrong goes nowhere. */
  #authorize(asked: URLSearchParams): string {
    const redirectUri = asked.get('redirect_uri') ?? '';
    const pkce = asked.get('code_challenge_method') === 'S256';
    const scopes = asked.get('scope')?.split(' ') ?? [];
    if (asked.get('client_id') !== this.clientId || !redirectUri || !pkce || !scopes.includes('openid'))
      return `${this.#issuer}/wrong-request`;
    const answer = new URLSearchParams({ state: asked.get('state') ?? '' });
    if (this.denies) answer.set('error', this.denies);
    else {
      const code = randomUUID();
      this.#codes.set(code, { challenge: asked.get('code_challenge') ?? '', nonce: asked.get('nonce') ?? '', redirectUri });
      answer.set('code', code);
    }
    return `${redirectUri}?${answer}`;
  }

  /** The answer to a code: each is good once, for whoever began (RFC 7636 §4.6). */
  #redeem(form: URLSearchParams): object | undefined {
    const code = form.get('code') ?? '';
    const began = this.#codes.get(code);
    this.#codes.delete(code);
    const verifier = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (!began || began.challenge !== verifier || began.redirectUri !== form.get('redirect_uri')) return undefined;
    return {
      access_token: randomUUID(),
      token_type: 'Bearer',
      expires_in: 300,
      id_token: this.token(this.clientId, { nonce: began.nonce }),
    };
  }
}
