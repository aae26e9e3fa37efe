import type { Locator, Page } from '@playwright/test';
import { delegatedAgent } from './api';
import { expect, field, signedIn, test } from './fixtures';

test.beforeEach(({ complaints }) => {
  for (const status of [400, 409]) complaints.expect(status, /\/api\/v1\//);
});

/** The server's message is the field's own, and the field has the focus. */
async function expectRefused(control: Locator, message: RegExp) {
  await expect(control).toHaveAccessibleDescription(message);
  await expect(control).toHaveAttribute('aria-invalid', 'true');
  await expect(control).toBeFocused();
}

/** A clock that is slow lets one choose an instant that is over for the server: the 11th of last month. */
async function slowClock(page: Page) {
  const now = new Date();
  await page.clock.setSystemTime(new Date(now.getFullYear(), now.getMonth() - 1, 10, 12));
}

async function chooseThe11th(within: Locator | Page, page: Page, label: string): Promise<Locator> {
  const picker = within.getByLabel(label, { exact: true });
  await picker.click();
  await page.getByRole('button', { name: /^11 / }).click();
  await page.keyboard.press('Escape');
  await expect(picker).toContainText('11');
  return picker;
}

test('a new delegation: what was changed under the open form', async ({ page, api }) => {
  const role = await api.role('customer-support', ['billing:read', 'orders:read']);
  const agent = await api.agent('Customer Support');
  const resource = await api.resource('Billing API', 'https://api.example.com/billing');
  await slowClock(page);
  await signedIn(page);
  await page.goto(`/delegations/new?client_id=${agent.client_id}&role=${role.name}`);
  const create = page.getByRole('button', { name: 'Create Trust Delegation' });
  const actions = page.getByRole('group', { name: 'Allowed Actions' }).first();
  const all = actions.getByRole('checkbox', { name: 'Select All' });
  const count = field(page, 'Maximum Duration');
  const more = page.getByRole('button', { name: 'More options' });
  const audiences = page.getByRole('combobox', { name: 'Audiences' });
  const kept = async () => {
    await expect(page.getByRole('combobox', { name: 'Client / Application' })).toHaveValue('Customer Support');
    await expect(all).toBeChecked();
    await expect(page.getByText('Billing API (https://api.example.com/billing)').first()).toBeVisible();
  };

  await create.click();
  await expectRefused(actions, /Choose at least one action\./);
  await all.check();
  await more.click();
  await audiences.click();
  await page.getByRole('option', { name: /Billing API/ }).click();
  await page.keyboard.press('Escape');
  await count.fill('999999');
  await create.click();
  await expectRefused(count, /must be from 60 to/);
  await kept();

  await count.fill('90');
  await api.setRole('customer-support', ['billing:read']);
  await create.click();
  await expectRefused(actions, /does not have the action orders:read\./);
  await kept();

  await api.setRole('customer-support', role.actions);
  await api.deleteResource(resource);
  // Out of sight, as for somebody who closed the options again.
  await more.click();
  await expect(audiences).toBeHidden();
  await create.click();
  await expectRefused(audiences, /is not a registered resource/);
  await kept();

  await audiences.press('Backspace');
  const ends = await chooseThe11th(page, page, 'End date');
  await create.click();
  await expectRefused(ends, /must be in the future/);
  await expect(count).toHaveValue('90');
  await expect(all).toBeChecked();
});

test('a delegation’s edit', async ({ page, api }) => {
  const { delegation, actions } = await delegatedAgent(api);
  await api.actions('orders:cancel');
  await api.setRole('customer-support', [...actions, 'orders:cancel']);
  await slowClock(page);
  await signedIn(page);
  await page.goto(`/delegations/${delegation.id}`);
  await page.getByRole('main').getByRole('button', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog', { name: 'Edit delegation' });
  const save = dialog.getByRole('button', { name: 'Save' });
  const count = field(dialog, 'Maximum Duration');
  const refund = dialog.getByRole('checkbox', { name: 'billing:refund' });
  await refund.uncheck();
  await count.fill('999999');
  await save.click();
  await expectRefused(count, /must be from 60 to/);
  await expect(refund).not.toBeChecked();

  await count.fill('2');
  const ends = await chooseThe11th(dialog, page, 'End date');
  await save.click();
  await expectRefused(ends, /must be in the future/);
  await expect(count).toHaveValue('2');
  await expect(refund).not.toBeChecked();

  await dialog.getByRole('button', { name: 'Clear End date' }).click();
  await refund.check();
  const cancel = dialog.getByRole('checkbox', { name: 'orders:cancel' });
  await cancel.check();
  await count.fill('3');
  await api.setRole('customer-support', ['billing:read', 'orders:read']);
  await save.click();
  await expectRefused(dialog.getByRole('group', { name: 'Allowed Actions' }).first(), /does not have the action orders:cancel\./);
  await expect(count).toHaveValue('3');

  // What was lent may stay, though the role has lost it too.
  await cancel.uncheck();
  await save.click();
  await expect(dialog).toBeHidden();
  const lent = page.getByRole('table', { name: 'What was lent' });
  await expect(lent.getByRole('row', { name: 'Maximum Duration' })).toContainText('3 hours a token');
  await expect(lent.getByRole('row', { name: 'Allowed Actions' })).toContainText('billing:refund');
});

test('roles and actions', async ({ page, api }) => {
  await api.role('customer-support', ['billing:read']);
  await api.actions('orders:read');
  await signedIn(page);
  await page.goto('/access/roles');
  await page.getByRole('main').getByRole('button', { name: 'Create role' }).click();
  const dialog = page.getByRole('dialog');
  const name = field(dialog, 'Role name');
  const save = dialog.getByRole('button', { name: 'Create role' });
  const actions = dialog.getByRole('combobox', { name: 'Actions' });
  await field(dialog, 'Description').fill('Front-line support');
  await actions.fill('orders:read');
  await actions.press('Enter');
  for (const [typed, message] of [
    ['', /Enter a name\./],
    ['Customer Support', /must be of the form customer-support/],
    ['customer-support', /There is a role "customer-support" already\./],
  ] as const) {
    await name.fill(typed);
    await save.click();
    await expectRefused(name, message);
  }
  await name.fill('billing-clerk');
  await api.deleteAction('orders:read');
  await save.click();
  await expectRefused(actions, /orders:read/);
  await expect(name).toHaveValue('billing-clerk');
  await expect(field(dialog, 'Description')).toHaveValue('Front-line support');

  await test.step('editing a role', async () => {
    await api.actions('orders:read');
    await page.goto('/access/roles/customer-support');
    const main = page.getByRole('main');
    await main.getByRole('checkbox', { name: 'orders:read' }).check();
    await field(main, 'Description').fill('Everything about orders');
    await api.deleteAction('orders:read');
    await main.getByRole('button', { name: 'Save' }).click();
    await expectRefused(main.getByRole('group', { name: 'Actions' }).first(), /orders:read/);
    await expect(field(main, 'Description')).toHaveValue('Everything about orders');
    // What takes something away asks first; the field's message is on the field all the same.
    await main.getByRole('checkbox', { name: 'billing:read' }).uncheck();
    await main.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(dialog).toBeHidden();
    await expectRefused(main.getByRole('group', { name: 'Actions' }).first(), /orders:read/);
  });

  await test.step('an action', async () => {
    await page.goto('/access/actions');
    await page.getByRole('main').getByRole('button', { name: 'Create action' }).click();
    const name = field(dialog, 'Name');
    await field(dialog, 'Description').fill('Read billing details');
    for (const [typed, message] of [
      ['', /Enter a name\./],
      ['Billing', /must be of the form billing:read/],
      ['billing:read', /There is an action "billing:read" already\./],
    ] as const) {
      await name.fill(typed);
      await dialog.getByRole('button', { name: 'Create action' }).click();
      await expectRefused(name, message);
    }
    await expect(field(dialog, 'Description')).toHaveValue('Read billing details');
  });
});

test('users', async ({ page, api }) => {
  await api.role('customer-support', ['billing:read']);
  const lead = await api.user({ email: 'support.lead@example.com', name: 'Support Lead', level: 'member' });
  await signedIn(page);
  await page.goto('/access/users');
  await page.getByRole('main').getByRole('button', { name: 'Create user' }).click();
  const dialog = page.getByRole('dialog', { name: 'Create user' });
  const email = field(dialog, 'Email');
  const name = field(dialog, 'Name');
  const roles = dialog.getByRole('combobox', { name: 'Roles' });
  const create = dialog.getByRole('button', { name: 'Create user' });
  await create.click();
  await expectRefused(email, /Enter an email address\./);
  await name.fill('Billing Clerk');
  await roles.click();
  await page.getByRole('option', { name: 'customer-support' }).click();
  await page.keyboard.press('Escape');
  for (const [typed, message] of [
    ['not an address', /must be one email address/],
    ['Support.Lead@example.com', /There is a user with the email/],
  ] as const) {
    await email.fill(typed);
    await create.click();
    await expectRefused(email, message);
    await expect(name).toHaveValue('Billing Clerk');
  }
  await email.fill('clerk@example.com');
  const password = field(dialog, 'Password');
  await password.fill('short');
  await create.click();
  await expectRefused(password, /Use at least 12 characters/);
  await password.fill('');
  await api.deleteRole('customer-support');
  await create.click();
  await expectRefused(roles, /customer-support/);
  await expect(email).toHaveValue('clerk@example.com');
  await expect(name).toHaveValue('Billing Clerk');

  await test.step('editing one', async () => {
    await api.role('billing-clerk', ['billing:refund']);
    await page.goto(`/access/users/${lead.id}`);
    const main = page.getByRole('main');
    const held = main.getByRole('combobox', { name: 'Roles' });
    await field(main, 'Name').fill('\u202eSupport');
    await main.getByRole('button', { name: 'Save' }).click();
    await expectRefused(field(main, 'Name'), /control or invisible formatting character/);
    await field(main, 'Name').fill('Head of Support');
    await held.click();
    await page.getByRole('option', { name: 'billing-clerk' }).click();
    await page.keyboard.press('Escape');
    await api.deleteRole('billing-clerk');
    await main.getByRole('button', { name: 'Save' }).click();
    await expectRefused(held, /billing-clerk/);
    await expect(field(main, 'Name')).toHaveValue('Head of Support');
  });
});

test('an API token', async ({ page }) => {
  await slowClock(page);
  await signedIn(page);
  await page.goto('/settings/api-tokens');
  await page.getByRole('main').getByRole('button', { name: 'Create API token' }).first().click();
  const dialog = page.getByRole('dialog');
  const name = field(dialog, 'Name');
  const create = dialog.getByRole('button', { name: 'Create API token' });
  await create.click();
  await expectRefused(name, /Enter a name\./);
  await name.fill('Terraform');
  const expires = await chooseThe11th(dialog, page, 'Expires');
  await create.click();
  await expectRefused(expires, /must be in the future/);
  await expect(name).toHaveValue('Terraform');
});

test('an MCP server', async ({ page, api }) => {
  const server = await api.resource('Billing API', 'https://api.example.com/billing');
  await api.resource('Orders API', 'https://api.example.com/orders');
  await signedIn(page);
  await page.goto(`/clients/servers/${server.id}`);
  await page.getByRole('main').getByRole('button', { name: 'Rename' }).click();
  const dialog = page.getByRole('dialog');
  const name = field(dialog, 'MCP Server Name');
  for (const [typed, message] of [
    ['', /Enter a name\./],
    ['Orders API', /There is a resource named "Orders API" already\./],
  ] as const) {
    await name.fill(typed);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expectRefused(name, message);
  }
});

test('an agent', async ({ page, api }) => {
  const agent = await api.agent('Customer Support');
  await api.agent('Invoice Clerk');
  await signedIn(page);
  await page.goto(`/clients/agents/${agent.client_id}`);
  await page.getByRole('main').getByRole('button', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog');
  const name = field(dialog, 'AI Agent Name');
  const account = field(dialog, 'k8s:sa');
  const save = dialog.getByRole('button', { name: 'Save' });
  await name.fill('Invoice Clerk');
  await account.fill('another-sa');
  await save.click();
  await expectRefused(name, /There is an agent named "Invoice Clerk" already\./);
  await expect(account).toHaveValue('another-sa');
  await name.fill('Customer Support');
  await account.fill('\u202eanother-sa');
  await save.click();
  await expectRefused(account, /control or invisible formatting character/);
  await expect(account).toHaveValue('\u202eanother-sa');
});

test('one’s own name', async ({ page }) => {
  await signedIn(page);
  await page.goto('/profile');
  const name = field(page, 'Name');
  await name.fill('\u202eSupport Lead');
  await page.getByRole('button', { name: 'Save name' }).click();
  await expectRefused(name, /control or invisible formatting character/);
  await expect(name).toHaveValue('\u202eSupport Lead');
});
