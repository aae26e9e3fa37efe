import { MantineProvider } from '@mantine/core';
import { Notifications, notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { queryClient } from '@/api/query-client';
import { recalling } from './RecallNotice';

const answered = 'Thu, 21 May 2026 07:25:37 GMT';
const token = (delegation_id: string) => ({ delegation_id, expires_at: '2999-01-01T00:00:00Z' });

/** What the server has: the agent's tokens, the last recall, and whether it can be asked. */
let tokens: object[] = [];
let recall: { status: number; body: unknown };
const asked: string[] = [];
const progress = (heard: number, at = '2026-05-21T07:25:36.5Z') => ({
  seq: 7,
  at,
  indexes: 1,
  tokens: { count: 3, more: false },
  verifiers: { connected: 2, heard, polling: 0 },
});
const change = vi.fn(async () => new Response(null, { status: 204, headers: { Date: answered } }));

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  asked.length = 0;
  tokens = [token('d')];
  recall = { status: 200, body: progress(2) };
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    if (pathname.endsWith('/recall')) return Response.json(recall.body, { status: recall.status });
    return Response.json({ items: tokens, outstanding: { count: tokens.length, more: false, last_expires_at: null } });
  });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={queryClient}>
        <Notifications />
      </QueryClientProvider>
    </MantineProvider>,
  );
});
afterEach(() => {
  act(() => notifications.clean());
  queryClient.clear();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const revoke = (quiet = false) => act(() => recalling({ agent: 'a', delegation: 'd' }, 'Revoked', change, quiet));
const news = () => screen.findByText(/recalled/);

it('tells how far it has come until all have heard, and goes away then', async () => {
  recall.body = progress(1);
  await revoke();
  expect(await screen.findByText('3 tokens recalled · 1 of 2 connected verifiers have heard')).toBeTruthy();
  recall.body = progress(2);
  await act(() => vi.advanceTimersByTimeAsync(1_000));
  expect((await news()).textContent).toBe('3 tokens recalled · 2 of 2 connected verifiers have heard');
  await act(() => vi.advanceTimersByTimeAsync(11_000));
  await waitFor(() => expect(screen.queryByText(/recalled/)).toBeNull());
});

it('says after a while what remains, asks no more, and stays', async () => {
  recall.body = progress(1);
  await revoke();
  await news();
  await act(() => vi.advanceTimersByTimeAsync(11_000));
  expect(screen.getByText('1 has not answered; it polls or holds its list for at most 10 s.')).toBeTruthy();
  const times = asked.length;
  await act(() => vi.advanceTimersByTimeAsync(20_000));
  expect(asked).toHaveLength(times);
  expect(screen.getByText(/1 of 2 connected/)).toBeTruthy();
});

it('asks for no recall when no token was out', async () => {
  tokens = [token('another')];
  await revoke();
  expect(await screen.findByText('No token was out.')).toBeTruthy();
  expect(asked.filter((path) => path.endsWith('/recall'))).toEqual([]);
});

it('takes no recall from before for one of now', async () => {
  recall.body = progress(2, '2026-05-20T00:00:00Z');
  await revoke();
  expect(await screen.findByText('No token was recalled.')).toBeTruthy();
});

it.each([
  ['nothing was ever recalled', { status: 404, body: { code: 'not_found', detail: 'None.', status: 404 } }],
  ['only before', { status: 200, body: progress(2, '2026-05-20T00:00:00Z') }],
])('says nothing of an edit when %s', async (_, answer) => {
  recall = answer;
  await revoke(true);
  await act(() => vi.advanceTimersByTimeAsync(1_000));
  expect(asked.filter((path) => path.endsWith('/recall'))).toHaveLength(1);
  expect(screen.queryByText('Revoked')).toBeNull();
});

it('says that it could not be asked, and makes the change all the same', async () => {
  recall = { status: 500, body: { code: 'internal', detail: 'The server met an error.', status: 500 } };
  await revoke();
  expect(await screen.findByText(/could not be asked: The server met an error/)).toBeTruthy();
  expect(change).toHaveBeenCalled();
});

it('shows nothing when the change is refused', async () => {
  const refused = recalling({ agent: 'a' }, 'Suspended', async () => {
    throw { code: 'conflict', detail: 'No.', status: 409 };
  });
  await expect(refused).rejects.toMatchObject({ detail: 'No.' });
  expect(screen.queryByText('Suspended')).toBeNull();
});
