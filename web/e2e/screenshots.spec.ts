import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { Api, delegatedAgent } from './api';
import { admin, expect, field, signedIn, test } from './fixtures';
import { issuer } from './issuer';
import { sdkFetch } from './sdk';
import { repository } from './server';

const folder = join(repository, '.build/screenshots');

async function shoot(page: Page, name: string) {
  await page.waitForLoadState('networkidle');
  await page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== 'running'));
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

test('pictures of the main pages', async ({ page, api, server }) => {
  test.slow();
  mkdirSync(folder, { recursive: true });
  const { agent } = await delegatedAgent(api);
  const lead = { email: 'support-lead@example.com', password: admin.password };
  await api.user({ ...lead, name: 'Support Lead', level: 'member', roles: ['customer-support'] });
  await api.role('invoicing', ['invoices:read', 'invoices:send']);
  const clerk = await api.agent('Invoice Clerk', {
    platform: 'docker',
    selectors: [{ key: 'docker:label:com.docker.compose.service', value: 'clerk' }],
  });
  await api.delegation('invoicing', clerk, ['invoices:read', 'invoices:send'], 900);
  const triage = await api.agent('Ticket Triage', { attestation: 'required' });
  await (await Api.signIn(server, lead)).delegation('customer-support', triage, ['orders:read'], 900);
  await api.resource('Billing API', 'https://api.example.com/billing');
  for (const { client_id } of [agent, agent, clerk]) expect((await sdkFetch(server, client_id)).status).toBe(0);
  expect((await sdkFetch(server, triage.client_id)).status).toBe(1); // it proves nothing, so it is refused

  await signedIn(page);
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();
  await shoot(page, 'dashboard');
  await page.goto('/clients');
  await expect(page.getByRole('link', { name: 'Ticket Triage' })).toBeVisible();
  await shoot(page, 'clients');

  await page.getByRole('button', { name: 'Onboard New Client' }).click();
  const modal = page.getByRole('dialog', { name: 'Onboard New Client' });
  await field(modal, 'AI Agent Name').fill('Order Desk');
  await field(modal, 'k8s:ns').fill('production');
  await shoot(page, 'onboard');

  await page.goto(`/clients/agents/${agent.client_id}`);
  await expect(page.getByRole('heading', { level: 1, name: 'Customer Support' })).toBeVisible();
  await shoot(page, 'agent');

  await page.goto(`/delegations/new?role=customer-support&client_id=${agent.client_id}`);
  await page.getByRole('checkbox', { name: 'Select All' }).check();
  await shoot(page, 'create-delegation');
  await page.goto('/delegations');
  await expect(page.getByRole('row', { name: /Ticket Triage/ })).toBeVisible();
  await shoot(page, 'delegations');
  await page.goto('/activity');
  await expect(page.getByRole('heading', { level: 1, name: 'Activity' })).toBeVisible();
  await shoot(page, 'activity');

  await api.agent('Release Pipeline', {
    platform: 'github',
    attestation: 'required',
    selectors: [{ key: 'github:repository', value: 'example/support-agent' }],
  });
  const github = issuer('https://token.actions.githubusercontent.com');
  await page.goto('/settings/workload-sources/new');
  const main = page.getByRole('main');
  await field(main, 'Name').fill('GitHub Actions');
  await main.getByRole('radio', { name: /^OpenID Connect/ }).click();
  await main.getByLabel('Preset').click();
  await page.getByRole('option', { name: 'GitHub Actions' }).click();
  await main.getByText('Pasted', { exact: true }).click();
  await field(main, 'Key set').fill(github.jwks);
  const claims = { aud: server.url, repository: 'example/support-agent', ref: 'refs/heads/main' };
  await field(main, 'Workload token').fill(github.token(claims));
  await main.getByRole('button', { name: 'Test', exact: true }).click();
  await expect(main.getByText('The token is good')).toBeVisible();
  // All of it in one window: of a page that scrolls, the header would stand in the middle.
  const whole = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width: 1280, height: whole });
  await page.evaluate(() => window.scrollTo(0, 0));
  await shoot(page, 'workload-source');
  await page.setViewportSize({ width: 1280, height: 800 });

  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();
  await shoot(page, 'dashboard-dark');
});
