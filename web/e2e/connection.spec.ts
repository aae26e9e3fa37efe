import { expect, field, signedIn, test } from './fixtures';

test('a server that is away is said to be, costs nothing, and comes back by itself', async ({ page, server, complaints }) => {
  complaints.expect('network', /\/(api\/v1\/|readyz|favicon)/);
  await signedIn(page);
  await page.goto('/clients');
  await page.getByRole('button', { name: 'Onboard New Client' }).click();
  const modal = page.getByRole('dialog', { name: 'Onboard New Client' });
  await field(modal, 'AI Agent Name').fill('Typed while it was away');
  await field(modal, 'k8s:ns').fill('production');

  await server.down();
  await modal.getByRole('button', { name: '+ Onboard' }).click();
  const banner = page.getByRole('alert').filter({ hasText: 'AuthSec cannot be reached. Trying again…' });
  await expect(banner).toBeVisible();
  await expect(field(modal, 'AI Agent Name')).toHaveValue('Typed while it was away');

  await server.up();
  await expect(banner).toBeHidden({ timeout: 20_000 });
  await expect(page.getByText('AuthSec is back. Nothing you typed was lost.')).toBeVisible();
  await expect(field(modal, 'AI Agent Name')).toHaveValue('Typed while it was away');
  await expect(field(modal, 'k8s:ns')).toHaveValue('production');
  await modal.getByRole('button', { name: '+ Onboard' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Typed while it was away' })).toBeVisible();
});

test('a list that was asked for while the server is away shows when it is back', async ({ page, api, server, complaints }) => {
  complaints.expect('network', /\/(api\/v1\/|readyz|favicon)/);
  await api.agent('Invoice Clerk');
  await api.agent('Customer Support');
  await signedIn(page);
  await page.goto('/clients');
  await expect(page.getByRole('link', { name: 'Customer Support' })).toBeVisible();
  await server.down();
  await page.getByRole('textbox', { name: 'Search', exact: true }).fill('Invoice');
  const banner = page.getByRole('alert').filter({ hasText: 'AuthSec cannot be reached. Trying again…' });
  await expect(banner).toBeVisible();
  await server.up();
  await expect(page.getByText('1 in all')).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole('link', { name: 'Invoice Clerk' })).toBeVisible();
  await expect(banner).toBeHidden();
});

test('a page whose code is not loaded yet says that the server is away, and opens when it is back', async ({
  page,
  server,
  complaints,
}) => {
  complaints.expect('network', /\/(api\/v1\/|readyz|favicon|assets\/)/);
  complaints.expectText(/This page needs code that could not be fetched\./);
  await signedIn(page);
  await page.goto('/clients');
  await expect(page.getByRole('heading', { level: 1, name: 'MCP Servers / AI Agents' })).toBeVisible();
  await server.down();
  await page.getByRole('link', { name: 'Signing keys' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'AuthSec cannot be reached. Trying again…' })).toBeVisible();
  await expect(page.getByRole('alert').filter({ hasText: 'This page could not be loaded' })).toBeVisible();
  await server.up();
  await expect(page.getByRole('heading', { level: 1, name: 'Signing keys' })).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole('button', { name: 'Rotate signing key' })).toBeVisible();
});
