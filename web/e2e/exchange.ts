import type { components } from '../src/api/schema.gen';
import type { Server } from './server';

type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

const basic = (id: string, secret: string | undefined) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

/** RFC 8693: what an agent with a client secret gets for a token of the person for whom it works. */
export async function exchange(server: Server, agent: Schema<'AgentWithSecret'>, subjectToken: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${server.url}/oauth2/token`, {
    method: 'POST',
    headers: { Authorization: basic(agent.client_id, agent.client_secret) },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subjectToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    }),
  });
  if (!answer.ok) throw new Error(`The exchange answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}

/** A verifier that listens for recalls. */
export class Listener {
  readonly #stop: AbortController;
  readonly #read: Promise<void>;

  private constructor(stop: AbortController, read: Promise<void>) {
    this.#stop = stop;
    this.#read = read;
  }

  static async connect(server: Server, resource: Schema<'ResourceWithSecret'>): Promise<Listener> {
    const stop = new AbortController();
    const answer = await fetch(`${server.url}/oauth2/revocations`, {
      headers: { Accept: 'text/event-stream', Authorization: basic(resource.id, resource.resource_secret) },
      signal: stop.signal,
    });
    if (!answer.ok || !answer.body) throw new Error(`The stream answered ${answer.status}: ${await answer.text()}`);
    const body = answer.body;
    // A stream that is not read is ended by the server.
    const read = async () => {
      try {
        const reader = body.getReader();
        while (!(await reader.read()).done);
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      }
    };
    return new Listener(stop, read());
  }

  async leave(): Promise<void> {
    this.#stop.abort();
    await this.#read;
  }
}
