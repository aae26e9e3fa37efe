import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { queryClient } from '@/api/query-client';
import { SignInPage } from './SignInPage';

vi.mock('@tanstack/react-router', () => ({ useRouter: () => ({ history: { replace: vi.fn() } }) }));

const asked: string[] = [];

function open(providers: object[] | number, error?: string) {
  asked.length = 0;
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push(new URL(request.url).pathname);
    return typeof providers === 'number'
      ? Response.json({ code: 'x', detail: 'Away.', status: providers }, { status: providers })
      : Response.json({ items: providers });
  });
  return render(
    <MantineProvider env="test">
      <QueryClientProvider client={queryClient}>
        <SignInPage returnTo="/clients?q=a&tab=servers" error={error} />
      </QueryClientProvider>
    </MantineProvider>,
  );
}

afterEach(() => {
  queryClient.clear();
  vi.unstubAllGlobals();
});

it('has a way in for each provider, which leads back to where one was going', async () => {
  open([
    { id: 'p1', name: 'Company directory' },
    { id: 'p2', name: '<b>Partners</b>' },
  ]);
  const link = await screen.findByRole('link', { name: 'Sign in with Company directory' });
  expect(link.getAttribute('href')).toBe('/api/v1/sign-in/p1/start?return_to=%2Fclients%3Fq%3Da%26tab%3Dservers');
  expect(screen.getByRole('link', { name: 'Sign in with <b>Partners</b>' })).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Sign in' })).toBeTruthy();
});

it('keeps the password when there are no providers, or none can be asked for', async () => {
  open(500);
  await vi.waitFor(() => expect(asked).toContain('/api/v1/sign-in/providers'));
  expect(screen.getByRole('textbox', { name: /^Email/ })).toBeTruthy();
  expect(screen.queryByRole('link')).toBeNull();
});

it('says in words why it came to nothing', () => {
  open([], 'email_taken');
  expect(screen.getByRole('alert').textContent).toContain('There is a user with your email already');
});

it('has words for what it does not know, whatever the address says', () => {
  open([], 'constructor');
  expect(screen.getByRole('alert').textContent).toContain('could not be believed');
});
