import { delegatedAgent } from './api';
import { expect, expectNoSidewaysScroll, field, signedIn, test } from './fixtures';
import { sdkFetch } from './sdk';

test('suspending an agent ends its tokens at once, and activating it brings them back', async ({ page, api, server }) => {
  const { agent } = await delegatedAgent(api);
  expect(await sdkFetch(server, agent.client_id)).toMatchObject({ status: 0 });

  await signedIn(page);
  await page.goto(`/clients/agents/${agent.client_id}`);
  await page.getByRole('button', { name: 'Suspend' }).click();
  const question = page.getByRole('dialog', { name: 'Suspend Customer Support?' });
  await question.getByRole('button', { name: 'Cancel' }).click();
  expect(await sdkFetch(server, agent.client_id), 'asking suspends nothing').toMatchObject({ status: 0 });
  await page.getByRole('button', { name: 'Suspend' }).click();
  await question.getByRole('button', { name: 'Suspend' }).click();
  await expect(question).toBeHidden();
  await expect(page.getByText('Suspended', { exact: true }).first()).toBeVisible();
  const refused = await sdkFetch(server, agent.client_id);
  expect(refused.status).toBe(1);
  expect(refused.output).toMatch(/suspended/i);

  await page.getByRole('button', { name: 'Activate' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Activate' }).click();
  await expect(page.getByText('Active', { exact: true }).first()).toBeVisible();
  expect(await sdkFetch(server, agent.client_id)).toMatchObject({ status: 0 });
});

test('a revoked delegation gives no more tokens', async ({ page, api, server }) => {
  const { agent, delegation } = await delegatedAgent(api);
  await signedIn(page);
  await page.goto(`/delegations/${delegation.id}`);
  await page.getByRole('button', { name: 'Revoke' }).click();
  const question = page.getByRole('dialog', { name: /^Revoke/ });
  await field(question, 'Reason').fill('The pilot is over.');
  await question.getByRole('button', { name: 'Revoke' }).click();
  await expect(question).toBeHidden();
  await expect(page.getByText('Revoked', { exact: true }).first()).toBeVisible();
  await expect(page.getByText('The pilot is over.').first()).toBeVisible();
  expect((await sdkFetch(server, agent.client_id)).status).toBe(1);
});

test('what is deleted elsewhere leaves the page, and a failed renewal is said above what was there', async ({ page, api, complaints }) => {
  complaints.expect(404, /\/api\/v1\//);
  complaints.expect(500, /\/api\/v1\/agents\//);
  const agent = await api.agent('Customer Support');
  await signedIn(page);
  await page.goto(`/clients/agents/${agent.client_id}`);
  const main = page.getByRole('main');
  await expect(main.getByRole('heading', { level: 1, name: 'Customer Support' })).toBeVisible();
  const own = `**/api/v1/agents/${agent.client_id}`;
  await page.route(own, (route) => route.fulfill({ status: 500, json: { code: 'internal', detail: 'Something broke.', status: 500 } }));
  const renew = () => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
  // Only what is some seconds old is asked anew.
  await expect(async () => {
    await renew();
    await expect(main.getByRole('alert').filter({ hasText: 'what is shown may be old' })).toBeVisible({ timeout: 1000 });
  }).toPass();
  await expect(main.getByText(agent.client_id).first()).toBeVisible();

  await page.unroute(own);
  await api.deleteAgent(agent);
  await main.getByRole('button', { name: 'Try again' }).first().click();
  await expect(main.getByText('This agent is gone')).toBeVisible();
  await expect(main.getByRole('heading', { name: 'Identity' })).toHaveCount(0);
});

test('without a clipboard, copying selects the whole value and says so', async ({ page, api }) => {
  const agent = await api.agent('Customer Support');
  await page.addInitScript(() => delete (Navigator.prototype as { clipboard?: unknown }).clipboard);
  await signedIn(page);
  await page.setViewportSize({ width: 390, height: 800 });
  await page.goto(`/clients/agents/${agent.client_id}`);
  await page.getByRole('button', { name: 'Copy SPIFFE ID' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'press Ctrl+C' })).toBeVisible();
  expect(await page.evaluate(() => window.getSelection()?.toString())).toBe(agent.spiffe_id);
});

test('a double click on + Onboard creates one agent', async ({ page, api }) => {
  await signedIn(page);
  await page.goto('/clients?onboard=agent');
  const modal = page.getByRole('dialog', { name: 'Onboard New Client' });
  await field(modal, 'AI Agent Name').fill('Made once');
  await field(modal, 'k8s:ns').fill('production');
  await modal.getByRole('button', { name: '+ Onboard' }).dblclick();
  await expect(page.getByRole('heading', { level: 1, name: 'Made once' })).toBeVisible();
  await page.waitForLoadState('networkidle');
  expect(await api.agents('Made once')).toHaveLength(1);
});

test('what the server refuses sits on its field, and nothing typed is lost', async ({ page, api, complaints }) => {
  complaints.expect(400, /\/api\/v1\//);
  complaints.expect(409, /\/api\/v1\//);
  await api.agent('Customer Support');
  await api.resource('Billing API', 'https://api.example.com/billing');
  await signedIn(page);

  await page.goto('/clients?onboard=agent');
  const modal = page.getByRole('dialog', { name: 'Onboard New Client' });
  const onboard = modal.getByRole('button', { name: '+ Onboard' });
  const name = field(modal, 'AI Agent Name');
  await onboard.click();
  await expect(name).toHaveAccessibleDescription(/Enter a name\./);
  await name.fill('Customer Support');
  await onboard.click();
  await expect(modal.getByRole('alert'), 'no selector at all').toBeVisible();
  await expect(name).toHaveValue('Customer Support');
  await field(modal, 'k8s:ns').fill('production');
  await onboard.click();
  await expect(name, 'the name is taken').toHaveAttribute('aria-invalid', 'true');
  await expect(name).toBeFocused();
  await expect(field(modal, 'k8s:ns')).toHaveValue('production');

  await modal.getByText('MCP Server', { exact: true }).click();
  const uri = field(modal, 'Resource URI');
  await field(modal, 'MCP Server Name').fill('Another');
  await uri.fill('not a uri');
  await onboard.click();
  await expect(uri).toHaveAttribute('aria-invalid', 'true');
  await uri.fill('https://api.example.com/billing');
  await onboard.click();
  await expect(uri, 'the URI is taken').toHaveAttribute('aria-invalid', 'true');
  await expect(field(modal, 'MCP Server Name')).toHaveValue('Another');
});

const names = {
  markup: '<img src=x onerror="document.title=1"><script>alert(1)</script> & "quotes"',
  'a long word': 'n'.repeat(256),
  emoji: '👩🏽‍🚒🏳️‍🌈 Ünïcødé العربية 日本語',
};
for (const [kind, name] of Object.entries(names)) {
  test(`a name of ${kind} is text, and breaks no layout`, async ({ page, api }) => {
    await api.role('customer-support', ['billing:read'], name);
    const agent = await api.agent(name);
    const delegation = await api.delegation('customer-support', agent, ['billing:read']);
    await api.resource(name, 'https://api.example.com/billing');
    await signedIn(page);
    const pages = ['/', '/clients', '/clients?tab=servers', '/delegations', '/access/roles', '/activity'];
    for (const width of [1024, 390]) {
      await page.setViewportSize({ width, height: 800 });
      for (const path of [...pages, `/clients/agents/${agent.client_id}`, `/delegations/${delegation.id}`]) {
        await page.goto(path);
        await expect(page.getByRole('main').getByRole('heading', { level: 1 })).toBeVisible();
        await page.waitForLoadState('networkidle');
        await expectNoSidewaysScroll(page);
      }
    }
    await page.goto('/clients');
    await expect(page.getByRole('link', { name, exact: true })).toBeVisible();
    await page.goto(`/clients/agents/${agent.client_id}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
    await expect(page.locator('img[src="x"]')).toHaveCount(0);
  });
}

test('a list of 1,000 agents keeps few rows in the document and finds any of them', async ({ page, api }) => {
  test.slow();
  const all = Array.from({ length: 1000 }, (_, i) => `Agent ${String(i).padStart(4, '0')}`);
  for (let i = 0; i < all.length; i += 50) await Promise.all(all.slice(i, i + 50).map((name) => api.agent(name)));

  await signedIn(page);
  await page.goto('/clients');
  const more = page.getByRole('button', { name: 'Load more' });
  const shown = page.getByRole('status').filter({ hasText: /shown, there are more|in all/ });
  await expect(more).toBeVisible();
  for (let pages = 1; await more.isVisible(); pages++) {
    expect(pages, 'pages of at least 50').toBeLessThanOrEqual(20);
    const before = await shown.textContent();
    await more.click();
    await expect(shown).not.toHaveText(before ?? '');
  }
  await expect(shown).toHaveText('1,000 in all');
  expect(await page.locator('tr').count()).toBeLessThan(100);

  const seen = new Set<string>();
  const rows = page.getByRole('table', { name: 'AI Agents' }).getByRole('link', { name: /^Agent \d{4}$/ });
  await page.evaluate(() => window.scrollTo(0, 0));
  for (let y = 0; y < 60_000 && seen.size < all.length; y += 500) {
    // Rows follow the scroll in the next frame; a busy machine reads before it.
    await page.evaluate(async (to) => {
      window.scrollTo(0, to);
      for (let i = 0; i < 2; i++) await new Promise((done) => requestAnimationFrame(done));
    }, y);
    for (const text of await rows.allTextContents()) seen.add(text);
  }
  expect(seen.size, 'rows that scrolling has shown').toBe(1000);
  expect(await page.locator('tr').count()).toBeLessThan(100);

  await page.evaluate(() => window.scrollTo(0, 0));
  await page.getByRole('textbox', { name: 'Search', exact: true }).fill('Agent 0777');
  await expect(shown).toHaveText('1 in all');
  await page.getByRole('link', { name: 'Agent 0777' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Agent 0777' })).toBeVisible();
});
