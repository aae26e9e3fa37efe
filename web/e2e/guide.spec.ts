import { expect, field, test } from './fixtures';
import { smokeTest } from './sdk';

/** docs/guide: Steps 1, 2 and 6, word for word, on a server that nobody has used. */
test.use({ firstAdmin: false, permissions: ['clipboard-read', 'clipboard-write'] });

test('the guide works word for word, from the set-up link to an answer of the billing API', async ({ page, server }) => {
  test.slow();
  await page.goto(server.setupLink());
  await field(page, 'Email').fill('admin@example.com');
  await field(page, 'Name').fill('Support Lead');
  await field(page, 'Password').fill('correct horse battery staple');
  await field(page, 'Password again').fill('correct horse battery staple');
  await page.getByRole('button', { name: 'Create administrator' }).click();
  const sidebar = page.getByRole('navigation', { name: 'Main' });
  await expect(sidebar.getByRole('button', { name: 'Clients' })).toBeVisible();
  expect(page.url(), 'the link’s token has left the address').toBe(`${server.url}/`);

  const clientId = await test.step('Step 1: register the AI Agent', async () => {
    await sidebar.getByRole('link', { name: 'MCP Servers / AI Agents' }).click();
    await page.getByRole('button', { name: 'Onboard New Client' }).click();
    const modal = page.getByRole('dialog', { name: 'Onboard New Client' });
    await modal.getByText('AI Agent', { exact: true }).click();
    await expect(modal.getByRole('radio', { name: 'AI Agent' })).toBeChecked();
    await field(modal, 'AI Agent Name').fill('Customer Support');
    await modal.getByRole('combobox', { name: 'Platform' }).click();
    await page.getByRole('option', { name: 'Kubernetes', exact: true }).click();
    await field(modal, 'k8s:ns').fill('production');
    await field(modal, 'k8s:sa').fill('customer-support-sa');
    await field(modal, 'k8s:pod-label:app').fill('customer-support');
    await field(modal, 'k8s:container-name').fill('agent');
    await modal.getByRole('button', { name: '+ Onboard' }).click();

    await expect(page.getByRole('heading', { level: 1, name: 'Customer Support' })).toBeVisible();
    const copy = page.getByRole('button', { name: 'Copy Client ID' });
    await copy.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('status').filter({ hasText: 'Copied' })).toHaveCount(1);
    return page.evaluate(() => navigator.clipboard.readText());
  });
  expect(page.url()).toBe(`${server.url}/clients/agents/${clientId}`);

  await test.step('Step 2: create a trust delegation', async () => {
    await sidebar.getByRole('link', { name: 'Trust Delegation' }).click();
    await page.getByRole('link', { name: 'Create trust delegation' }).first().click();

    // The guide takes a role for granted; a fresh server has none, so one comes about on the spot.
    await page.getByRole('button', { name: 'Create a role' }).click();
    const modal = page.getByRole('dialog', { name: 'Create a role' });
    await field(modal, 'Role name').fill('customer-support');
    await modal.getByRole('combobox', { name: 'Actions' }).fill('billing:read');
    await page.keyboard.press('Enter');
    await modal.getByRole('combobox', { name: 'Actions' }).fill('orders:read');
    await page.keyboard.press('Enter');
    await modal.getByRole('button', { name: 'Create role' }).click();
    await expect(modal).toBeHidden();

    const context = page.getByRole('region', { name: 'Define context' });
    await context.getByRole('combobox', { name: 'Role' }).click();
    await page.getByRole('option', { name: 'customer-support', exact: true }).click();
    await context.getByRole('combobox', { name: 'Target Type' }).click();
    await page.getByRole('option', { name: 'Langchain AI agent', exact: true }).click();
    await context.getByRole('combobox', { name: 'Client / Application' }).click();
    await page.getByRole('option', { name: 'Customer Support', exact: true }).click();

    const permissions = page.getByRole('region', { name: 'Assign permissions' });
    const actions = permissions.getByRole('group', { name: 'Allowed Actions' }).first();
    await actions.getByRole('checkbox', { name: 'Select All' }).check();
    await expect(actions.getByRole('checkbox', { name: 'billing:read' })).toBeChecked();
    await expect(actions.getByRole('checkbox', { name: 'orders:read' })).toBeChecked();

    const duration = page.getByRole('region', { name: 'Set duration' });
    await field(duration, 'Maximum Duration').fill('1');
    await duration.getByRole('combobox', { name: 'Unit' }).click();
    await page.getByRole('option', { name: 'Hour', exact: true }).click();
    await page.getByRole('button', { name: 'Create Trust Delegation' }).click();

    await expect(page.getByRole('heading', { level: 1, name: 'Trust Delegation', exact: true })).toBeVisible();
    const row = page.getByRole('table', { name: 'Trust delegations' }).getByRole('row', { name: 'Customer Support' });
    await expect(row).toContainText('customer-support');
    await expect(row).toContainText('Active');
    await expect(row, 'the new row is marked').toHaveAttribute('data-highlight', 'true');
  });

  await test.step('Step 6: run the smoke test', async () => {
    const { status, output } = await smokeTest(server, clientId, await server.billingApi());
    expect(output).toContain('Customer cust_42 owes');
    expect(output).toContain('Smoke test passed.');
    expect(status).toBe(0);
  });

  await test.step('the console shows the token that went out', async () => {
    await page.goto(`/clients/agents/${clientId}`);
    await expect(page.getByRole('table', { name: /tokens/i }).getByRole('row', { name: /billing:read/ })).toHaveCount(1);
  });
});
