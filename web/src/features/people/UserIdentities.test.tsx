import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { queryClient } from '@/api/query-client';
import { sessionQuery } from '@/api/session';
import { UserIdentities } from './UserIdentities';

const user = { id: 'u', email: 'support.lead@example.com', name: 'Support Lead' } as Parameters<typeof UserIdentities>[0]['user'];
const link = {
  identity_provider: { id: 'p', name: 'Company directory' },
  issuer: 'https://id.example.com',
  subject: 'a/b c',
  created_at: '2026-05-21T07:25:36Z',
};
const sent: { method: string; url: URL; body: unknown }[] = [];
let refusal: object | undefined;

beforeEach(() => {
  sent.length = 0;
  refusal = undefined;
  const session = { user, level: 'admin', permissions: [], expires_at: '' };
  queryClient.setQueryData(sessionQuery.queryKey, session);
  vi.stubGlobal('fetch', async (request: Request) => {
    const url = new URL(request.url);
    if (request.method !== 'GET') {
      sent.push({ method: request.method, url, body: request.method === 'POST' ? await request.json() : undefined });
      if (refusal) return Response.json(refusal, { status: 409 });
      return request.method === 'POST' ? Response.json(link, { status: 201 }) : new Response(null, { status: 204 });
    }
    if (url.pathname.endsWith('/session')) return Response.json(session);
    const provider = { id: 'p', name: 'Company directory', enabled: true };
    return Response.json({ items: url.pathname.endsWith('/identity-providers') ? [provider] : [link] });
  });
});
afterEach(() => {
  queryClient.clear();
  vi.unstubAllGlobals();
});

const open = (editable: boolean) =>
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={queryClient}>
        <UserIdentities user={user} editable={editable} />
      </QueryClientProvider>
    </MantineProvider>,
  );

it('unlinks the one that was meant, after asking', async () => {
  open(true);
  fireEvent.click(await screen.findByRole('button', { name: 'Unlink a/b c at Company directory' }));
  const dialog = await screen.findByRole('dialog', { name: 'Unlink a/b c?' });
  expect(dialog.textContent).toContain('the tokens that they lent while present are recalled');
  expect(sent).toEqual([]);
  fireEvent.click(within(dialog).getByRole('button', { name: 'Unlink' }));
  await waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]?.method).toBe('DELETE');
  expect(sent[0]?.url.pathname).toBe('/api/v1/users/u/identities/p');
  expect(sent[0]?.url.searchParams.get('subject')).toBe('a/b c');
});

it('links a subject, and says on its field why not', async () => {
  refusal = {
    code: 'conflict',
    detail: 'Linked already.',
    status: 409,
    errors: [{ field: '/subject', code: 'taken', message: 'Somebody else is linked to it.' }],
  };
  open(true);
  fireEvent.click(await screen.findByRole('button', { name: 'Link an identity' }));
  const dialog = await screen.findByRole('dialog', { name: 'Link an identity to Support Lead' });
  fireEvent.click(within(dialog).getByRole('combobox', { name: /^Identity provider/ }));
  fireEvent.click(await screen.findByRole('option', { name: 'Company directory' }));
  fireEvent.change(within(dialog).getByRole('textbox', { name: /^Subject/ }), { target: { value: ' 00u1 ' } });
  fireEvent.click(within(dialog).getByRole('button', { name: 'Link' }));
  expect(await within(dialog).findByText('Somebody else is linked to it.')).toBeTruthy();
  expect(sent[0]?.body).toEqual({ identity_provider_id: 'p', subject: '00u1' });
  expect(within(dialog).getByRole('textbox', { name: /^Subject/ })).toHaveProperty('value', ' 00u1 ');
});

it('offers no change to whoever may not make one', async () => {
  open(false);
  expect(await screen.findByText('a/b c')).toBeTruthy();
  expect(screen.queryByRole('button', { name: /[Ll]ink/ })).toBeNull();
});
