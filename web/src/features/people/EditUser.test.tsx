import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { queryClient } from '@/api/query-client';
import { sessionQuery } from '@/api/session';
import { EditUser } from './EditUser';

const user = {
  id: '0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e',
  email: 'support.lead@example.com',
  name: 'Support Lead',
  level: 'admin' as const,
  status: 'active' as const,
  roles: ['support'],
  has_password: true,
  created_at: '2026-05-21T07:25:36Z',
  updated_at: '2026-05-21T07:25:36Z',
  last_sign_in_at: null,
};

/** The user as the server has it now, and what it was told to change. */
let now = user;
const patches: unknown[] = [];
/** What the server answers to a change, if it refuses. */
let refusal: object | undefined;

beforeEach(() => {
  now = user;
  patches.length = 0;
  refusal = undefined;
  queryClient.setQueryData(sessionQuery.queryKey, { user: { ...user, id: 'another' }, level: 'admin', permissions: [], expires_at: '' });
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.method === 'PATCH') {
      if (refusal) return Response.json(refusal, { status: 400 });
      patches.push(await request.json());
      return Response.json({ ...now, ...(patches.at(-1) as object) });
    }
    const path = new URL(request.url).pathname;
    return Response.json(
      path.endsWith(user.id) ? now : path.endsWith('/session') ? queryClient.getQueryData(sessionQuery.queryKey) : { items: [] },
    );
  });
});
afterEach(() => {
  queryClient.clear();
  vi.unstubAllGlobals();
});

const page = (shown: typeof user) => (
  <MantineProvider env="test">
    <QueryClientProvider client={queryClient}>
      <EditUser user={shown} />
    </QueryClientProvider>
  </MantineProvider>
);
const nameField = () => screen.getByRole('textbox', { name: /^Name/ });
const save = () => fireEvent.click(screen.getByRole('button', { name: 'Save' }));

it('sends only what was changed, whatever else somebody else has changed meanwhile', async () => {
  render(page(user));
  fireEvent.change(nameField(), { target: { value: 'Head of Support' } });
  now = { ...user, roles: ['support', 'billing'] };
  save();
  await waitFor(() => expect(patches).toEqual([{ name: 'Head of Support' }]));
});

it('follows what others change, keeps what was typed, and says where both changed the same', () => {
  const { rerender } = render(page(user));
  fireEvent.change(nameField(), { target: { value: 'Mine' } });
  rerender(page({ ...user, name: 'Theirs', roles: ['support', 'billing'] }));
  expect(nameField()).toHaveProperty('value', 'Mine');
  expect(screen.getAllByText('billing').length).toBeGreaterThan(0);
  expect(screen.getByText(/Now it is Theirs/)).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Undo changes' }));
  expect(nameField()).toHaveProperty('value', 'Theirs');
  expect(screen.queryByText(/Now it is Theirs/)).toBeNull();
});

it('asks before it lowers the level, and says what will happen', async () => {
  render(page(user));
  fireEvent.click(screen.getByRole('combobox', { name: /^Level/ }));
  fireEvent.click(await screen.findByRole('option', { name: 'Member' }));
  save();
  const dialog = await screen.findByRole('dialog', { name: 'Lower the level?' });
  expect(dialog.textContent).toContain('stops with the agents’ next token');
  expect(patches).toEqual([]);
  fireEvent.click(screen.getAllByRole('button', { name: 'Save' }).find((b) => dialog.contains(b)) as HTMLElement);
  await waitFor(() => expect(patches).toEqual([{ level: 'member' }]));
});

it('closes the question when the server refuses a field, and goes to that field', async () => {
  refusal = {
    code: 'invalid_request',
    detail: 'Not valid.',
    status: 400,
    errors: [{ field: '/name', code: 'x', message: 'Not that name.' }],
  };
  render(page(user));
  fireEvent.change(nameField(), { target: { value: 'Refused' } });
  fireEvent.click(screen.getByRole('combobox', { name: /^Level/ }));
  fireEvent.click(await screen.findByRole('option', { name: 'Member' }));
  save();
  const dialog = await screen.findByRole('dialog', { name: 'Lower the level?' });
  fireEvent.click(screen.getAllByRole('button', { name: 'Save' }).find((b) => dialog.contains(b)) as HTMLElement);
  expect(await screen.findByText('Not that name.')).toBeTruthy();
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(document.activeElement).toBe(nameField());
  expect(nameField()).toHaveProperty('value', 'Refused');
});
