import createClient from 'openapi-fetch';
import createQueryHooks from 'openapi-react-query';
import { setConnection } from './connection';
import { isSessionLost, setSessionLost } from './lost-session';
import { Unreachable } from './problem';
import type { paths } from './schema.gen';
import type { Problem } from './types';

/** What is asked without a session: a 401 would have reasons of its own. */
function signsIn({ method, url }: Request): boolean {
  const { pathname } = new URL(url);
  return method === 'POST' ? /\/api\/v1\/(session|setup)$/.test(pathname) : pathname.endsWith('/api/v1/sign-in/providers');
}

function problem(status: number, code: string, detail: string): Response {
  const body: Problem = { type: 'about:blank', title: code, status, detail, code, request_id: '' };
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/problem+json' } });
}

/** Sends a request this once, whatever is known of the session. */
export async function once(request: Request): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    // So fetch says that no answer came; other failures are a cancelled request, or a mistake of ours.
    if (!(error instanceof TypeError)) throw error;
    setConnection('away');
    throw new Unreachable(error);
  }
  setConnection(response.status === 503 ? 'unready' : 'up');
  const kind = response.headers.get('Content-Type') ?? '';
  if (!response.ok && !kind.includes('json')) {
    // Something between here and the server answered.
    return problem(
      response.status,
      'unexpected_answer',
      `Something other than AuthSec answered, with status ${response.status}. Try again.`,
    );
  }
  return response;
}

/** Whether there has been a session on this page, which can then be lost. */
let signedIn = false;

/**
 * Sends a request. A 401 is tried once more: when the session's cookie was just
 * renewed, requests that were under way still had the old one, and a refused
 * request has done nothing. After a second one the session counts as lost.
 */
async function send(request: Request): Promise<Response> {
  if (signsIn(request)) return once(request);
  if (isSessionLost()) return problem(401, 'session_ended', 'Sign in again to go on.');
  const again = request.clone();
  const response = await once(request);
  if (response.ok) signedIn = true;
  if (response.status !== 401 || !signedIn) return response;
  const second = await once(again);
  if (second.status === 401) setSessionLost(true);
  return second;
}

export const client = createClient<paths>({ baseUrl: `${window.location.origin}/api/v1`, fetch: send });

/** Typed hooks: `$api.useQuery('get', '/agents/{client_id}', {params: {path: {client_id}}})`. */
export const $api = createQueryHooks(client);
