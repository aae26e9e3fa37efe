import { delegatedAgent } from './api';
import { expect, field, signedIn, test } from './fixtures';

test('the palette opens the delegation, the role and the user that it finds', async ({ page, api }) => {
  const { delegation } = await delegatedAgent(api);
  const user = await api.user({ email: 'support.lead@example.com', name: 'Support Lead', level: 'member' });
  await signedIn(page);
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();
  const palette = page.getByRole('dialog');
  for (const [text, found, path] of [
    ['Customer Support', 'customer-support → Customer Support', `/delegations/${delegation.id}`],
    ['Front-line', 'customer-support', '/access/roles/customer-support'],
    ['support.lead', 'Support Lead', `/access/users/${user.id}`],
  ] as const) {
    await page.keyboard.press('Control+k');
    await palette.getByRole('textbox', { name: 'Search' }).fill(text);
    await palette.getByRole('button').filter({ hasText: found }).last().click();
    await expect(palette).toBeHidden();
    await expect(page).toHaveURL(path);
  }
});

test('the delegations’ search and filters are in the address, and Back leads to where one was', async ({ page, api }) => {
  await delegatedAgent(api);
  const agent = await api.agent('Invoice Clerk');
  await api.role('billing-clerk', ['invoices:read']);
  await api.delegation('billing-clerk', agent, ['invoices:read']);
  await signedIn(page);
  await page.goto('/delegations?role=billing-clerk');
  const clerk = page.getByRole('link', { name: 'Invoice Clerk', exact: true });
  const support = page.getByRole('link', { name: 'Customer Support', exact: true });
  await expect(clerk).toBeVisible();
  await expect(support).toHaveCount(0);
  await page.getByRole('textbox', { name: 'Search', exact: true }).fill('Invoice');
  await expect(page).toHaveURL(/q=Invoice/);
  await expect(page).toHaveURL(/role=billing-clerk/);
  await page.reload();
  await expect(page.getByRole('textbox', { name: 'Search', exact: true })).toHaveValue('Invoice');
  await clerk.click();
  await expect(page.getByRole('main').getByRole('heading', { level: 1 })).toContainText('Invoice Clerk');
  await page.goBack();
  await expect(page).toHaveURL(/q=Invoice/);
  await expect(clerk).toBeVisible();
  await expect(support).toHaveCount(0);
});

test('onboarding by its address starts at the name, and each kind keeps what was typed', async ({ page }) => {
  await signedIn(page);
  await page.goto('/clients?onboard=agent');
  const modal = page.getByRole('dialog', { name: 'Onboard New Client' });
  const name = field(modal, 'AI Agent Name');
  await expect(name).toBeFocused();
  await name.fill('Customer Support');
  await modal.getByText('MCP Server', { exact: true }).click();
  await expect(name).toBeHidden();
  await field(modal, 'MCP Server Name').fill('Billing API');
  await modal.getByText('AI Agent', { exact: true }).click();
  await expect(name).toHaveValue('Customer Support');
  await modal.getByText('MCP Server', { exact: true }).click();
  await expect(field(modal, 'MCP Server Name')).toHaveValue('Billing API');

  await page.goto('about:blank');
  await page.goto('/clients?onboard=server');
  await expect(field(modal, 'MCP Server Name')).toBeFocused();
});

test('Back after onboarding does not open the modal again', async ({ page }) => {
  await signedIn(page);
  await page.goto('/clients');
  await page.getByRole('button', { name: 'Onboard New Client' }).click();
  const modal = page.getByRole('dialog', { name: 'Onboard New Client' });
  await field(modal, 'AI Agent Name').fill('Customer Support');
  await field(modal, 'k8s:ns').fill('production');
  await modal.getByRole('button', { name: '+ Onboard' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Customer Support' })).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL('/clients');
  await expect(page.getByRole('link', { name: 'Customer Support' })).toBeVisible();
  await expect(modal).toBeHidden();
});

test('the set-up that is shown is in the address', async ({ page, api }) => {
  const { client_id } = await api.agent('Customer Support');
  await signedIn(page);
  await page.goto(`/clients/agents/${client_id}`);
  await page.getByRole('tab', { name: 'SPIRE' }).click();
  await expect(page).toHaveURL(`/clients/agents/${client_id}?setup=spire`);
  await page.reload();
  await expect(page.getByRole('region', { name: 'spire-server entry create' })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('tab', { name: 'Python' })).toHaveAttribute('aria-selected', 'true');
});

test('the live tail asks for the newest page alone, and shows what happens', async ({ page, api }) => {
  for (let i = 0; i < 12; i++) await api.actions(...Array.from({ length: 10 }, (_, n) => `orders:act-${i}-${n}`));
  await signedIn(page);
  await page.goto('/activity');
  const amount = page.getByRole('status').filter({ hasText: /shown, there are more|in all/ });
  const before = await amount.textContent();
  await page.getByRole('button', { name: 'Load more' }).click();
  await expect(amount).not.toHaveText(before ?? '');
  const asked: URL[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.pathname === '/api/v1/audit-events') asked.push(url);
  });
  await page.getByRole('switch', { name: 'Live tail' }).check();
  await expect(page.getByText(/^Live: new events/)).toBeVisible();
  await api.agent('Customer Support');
  await expect(page.getByRole('row', { name: /agent\.create/ })).toBeVisible();
  await expect.poll(() => asked.length).toBeGreaterThan(2);
  expect(asked.filter((url) => url.searchParams.has('cursor'))).toEqual([]);
});
