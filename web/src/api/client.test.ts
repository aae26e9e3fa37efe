import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { client as Client } from './client';
import type { getConnection as GetConnection } from './connection';
import type * as LostSession from './lost-session';

const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
const ended = () => json(401, { code: 'session_ended', detail: 'Sign in.', status: 401 });

// The modules hold the page's state, so each test gets them anew.
let client: typeof Client;
let getConnection: typeof GetConnection;
let lost: typeof LostSession;
const answers: (() => Response | Promise<Response>)[] = [];
const sent: Request[] = [];

beforeEach(async () => {
  vi.resetModules();
  answers.length = 0;
  sent.length = 0;
  vi.stubGlobal('fetch', (request: Request) => {
    sent.push(request);
    const next = answers.shift();
    if (!next) throw new Error('one request too many');
    return Promise.resolve().then(next);
  });
  ({ client } = await import('./client'));
  ({ getConnection } = await import('./connection'));
  lost = await import('./lost-session');
});
afterEach(() => vi.unstubAllGlobals());

describe('a 401', () => {
  it('before any session is not tried again, and loses none', async () => {
    answers.push(ended);
    expect((await client.GET('/session')).error?.code).toBe('session_ended');
    expect(lost.isSessionLost()).toBe(false);
  });

  it('is tried once more, because the cookie may just have been renewed', async () => {
    answers.push(
      () => json(200, {}),
      ended,
      () => json(200, { items: [] }),
    );
    await client.GET('/session');
    expect((await client.GET('/agents')).data).toEqual({ items: [] });
    expect(lost.isSessionLost()).toBe(false);
  });

  it('twice loses the session; after that nothing but signing in is sent', async () => {
    answers.push(() => json(200, {}), ended, ended);
    await client.GET('/session');
    await client.POST('/actions', { body: { name: 'billing:read' } });
    expect(lost.isSessionLost()).toBe(true);
    expect(await sent.at(-1)?.json()).toEqual({ name: 'billing:read' });
    expect((await client.GET('/agents')).error?.code).toBe('session_ended');
    expect(sent).toHaveLength(3);
    answers.push(() => json(401, { code: 'bad_credentials', detail: 'No.', status: 401 }));
    expect((await client.POST('/session', { body: { email: 'a@example.com', password: 'x' } })).error?.code).toBe('bad_credentials');
    expect(sent).toHaveLength(4);
  });
});

describe('the connection', () => {
  it('is away while nothing answers, and up again with the next answer', async () => {
    answers.push(() => Promise.reject(new TypeError('Failed to fetch')));
    await expect(client.GET('/agents')).rejects.toThrow(/cannot be reached/);
    expect(getConnection()).toBe('away');
    answers.push(() => json(200, { items: [] }));
    await client.GET('/agents');
    expect(getConnection()).toBe('up');
  });

  it('is not away because a request was cancelled', async () => {
    answers.push(() => Promise.reject(new DOMException('Cancelled.', 'AbortError')));
    await expect(client.GET('/agents')).rejects.toThrow('Cancelled.');
    expect(getConnection()).toBe('up');
  });

  it('is unready after a 503', async () => {
    answers.push(() => json(503, { code: 'temporarily_unavailable', detail: 'Wait.', status: 503 }));
    await client.GET('/agents');
    expect(getConnection()).toBe('unready');
  });

  it('makes a problem of what a proxy answers', async () => {
    answers.push(() => new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'Content-Type': 'text/html' } }));
    const { error } = await client.GET('/agents');
    expect(error?.code).toBe('unexpected_answer');
    expect(error?.detail).toContain('502');
  });
});
