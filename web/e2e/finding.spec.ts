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
