import { delegatedAgent } from './api';
import { admin, expect, field, signedIn, test } from './fixtures';
import { Keys } from './keys';

test('one signs in, changes the colours and signs out by keyboard', async ({ page }) => {
  const keys = new Keys(page);
  await page.goto('/');
  await keys.fill(field(page, 'Email'), admin.email);
  await keys.fill(field(page, 'Password'), admin.password);
  await keys.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();

  const root = page.locator('html');
  const before = await root.getAttribute('data-mantine-color-scheme');
  const scheme = page.getByRole('button', { name: /^(Light|Dark) colours$/ });
  await keys.activate(scheme);
  await expect(root).not.toHaveAttribute('data-mantine-color-scheme', before ?? '');
  await expect(scheme).toBeFocused();
  await keys.press('Space');
  await expect(root).toHaveAttribute('data-mantine-color-scheme', before ?? '');

  const account = page.getByRole('button', { name: /^Account of / });
  const item = (name: string) => page.getByRole('menuitem', { name });
  await keys.activate(account);
  await expect(item('Profile')).toBeFocused();
  await keys.press('Escape');
  await expect(item('Profile')).toBeHidden();
  await expect(account, 'Escape gives the focus back').toBeFocused();
  await keys.press('Enter');
  await expect(item('Profile')).toBeFocused();
  await keys.press('ArrowDown');
  await expect(item('Sign out')).toBeFocused();
  await keys.press('Enter');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

test('a trust delegation is created, edited and revoked by keyboard', async ({ page, api }) => {
  const keys = new Keys(page);
  await api.role('customer-support', ['billing:read', 'billing:refund', 'orders:read']);
  await api.agent('Customer Support');
  await api.agent('Graph Walker', { type: 'langgraph' });
  await signedIn(page);
  await page.goto('/delegations');

  await test.step('create, in the three sections of the guide', async () => {
    await keys.activate(page.getByRole('link', { name: 'Create trust delegation' }).first());
    const context = page.getByRole('region', { name: 'Define context' });
    await keys.choose(context.getByRole('combobox', { name: 'Role' }), 'customer-support');
    const type = context.getByRole('combobox', { name: 'Target Type' });
    const agent = context.getByRole('combobox', { name: 'Client / Application' });
    await keys.choose(type, 'LangGraph AI agent');
    await keys.choose(agent, 'Graph Walker');
    await keys.to(type, 'Shift+Tab');
    await keys.choose(type, 'Langchain AI agent');
    await expect(agent, 'of another type').toHaveValue('');
    await keys.choose(agent, 'Customer Support');
    await expect(agent).toHaveValue('Customer Support');

    const actions = page.getByRole('region', { name: 'Assign permissions' }).getByRole('group', { name: 'Allowed Actions' }).first();
    await keys.activate(actions.getByRole('checkbox', { name: 'Select All' }), 'Space');
    const refund = actions.getByRole('checkbox', { name: 'billing:refund' });
    await expect(refund).toBeChecked();
    await keys.activate(refund, 'Space');
    await expect(refund).not.toBeChecked();

    const duration = page.getByRole('region', { name: 'Set duration' });
    await keys.fill(field(duration, 'Maximum Duration'), '30');
    await keys.choose(duration.getByRole('combobox', { name: 'Unit' }), 'Minutes');
    await keys.activate(duration.getByRole('button', { name: '15 minutes' }));
    await expect(field(duration, 'Maximum Duration')).toHaveValue('15');
    await keys.activate(page.getByRole('button', { name: 'Create Trust Delegation' }));
    await expect(page.getByRole('heading', { level: 1, name: 'Trust Delegation', exact: true })).toBeVisible();
  });

  await keys.activate(page.getByRole('table', { name: 'Trust delegations' }).getByRole('link', { name: 'Customer Support' }));
  const main = page.getByRole('main');
  await expect(main.getByRole('heading', { level: 1 })).toContainText('Customer Support');

  await test.step('edit', async () => {
    const edit = main.getByRole('button', { name: 'Edit' });
    const dialog = page.getByRole('dialog', { name: 'Edit delegation' });
    await keys.openAndEscape(edit, dialog);
    await keys.press('Enter');
    const unit = dialog.getByRole('combobox', { name: 'Unit' });
    await keys.to(unit);
    await keys.press('ArrowDown');
    await expect(page.getByRole('option', { name: 'Hours' })).toBeVisible();
    await keys.press('Escape');
    await expect(page.getByRole('option', { name: 'Hours' })).toBeHidden();
    await expect(dialog, 'Escape closes the list alone').toBeVisible();
    await keys.choose(unit, 'Hours');
    await keys.to(field(dialog, 'Maximum Duration'), 'Shift+Tab');
    await keys.fill(field(dialog, 'Maximum Duration'), '2');
    await keys.press('Enter');
    await expect(dialog).toBeHidden();
    await expect(edit).toBeFocused();
    await expect(main.getByText('2 hours').first()).toBeVisible();
  });

  await test.step('revoke, with a reason', async () => {
    const revoke = main.getByRole('button', { name: 'Revoke' });
    const question = page.getByRole('dialog', { name: /^Revoke/ });
    await keys.openAndEscape(revoke, question);
    await keys.press('Enter');
    const reason = field(question, 'Reason');
    await expect(reason).toBeFocused();
    await page.keyboard.type('The pilot is over.');
    await keys.activate(question.getByRole('button', { name: 'Revoke' }));
    await expect(question).toBeHidden();
    await expect(main.getByText('Revoked', { exact: true }).first()).toBeVisible();
    await expect(main.getByText('The pilot is over.').first()).toBeVisible();
    await expect(page.getByRole('main'), 'its button is gone, the page is not').toBeFocused();
  });
});

test('an agent is edited, suspended and activated by keyboard', async ({ page, api }) => {
  const keys = new Keys(page);
  const { agent } = await delegatedAgent(api);
  await signedIn(page);
  await page.goto(`/clients/agents/${agent.client_id}`);
  const main = page.getByRole('main');
  await keys.openAndEscape(main.getByRole('button', { name: 'Edit' }), page.getByRole('dialog', { name: 'Edit agent' }));

  const question = page.getByRole('dialog', { name: 'Suspend Customer Support?' });
  await keys.openAndEscape(main.getByRole('button', { name: 'Suspend' }), question);
  await keys.press('Enter');
  await keys.activate(question.getByRole('button', { name: 'Suspend' }));
  await expect(question).toBeHidden();
  await expect(main.getByText('Suspended', { exact: true }).first()).toBeVisible();
  await keys.activate(main.getByRole('button', { name: 'Activate' }));
  await keys.activate(page.getByRole('dialog', { name: /^Activate/ }).getByRole('button', { name: 'Activate' }));
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(main.getByText('Active', { exact: true }).first()).toBeVisible();
});

test('an action is created and deleted by keyboard', async ({ page }) => {
  const keys = new Keys(page);
  await signedIn(page);
  await page.goto('/access/actions');
  const create = page.getByRole('main').getByRole('button', { name: 'Create action', exact: true });
  const form = page.getByRole('dialog', { name: 'Create action' });
  await keys.openAndEscape(create, form);
  await keys.press('Enter');
  await expect(field(form, 'Name')).toBeFocused();
  await page.keyboard.type('billing:refund');
  await keys.activate(form.getByRole('checkbox', { name: 'Sensitive' }), 'Space');
  await keys.activate(form.getByRole('button', { name: 'Create action' }));
  await expect(form).toBeHidden();
  await expect(page.getByRole('row', { name: 'billing:refund' })).toContainText('Sensitive');
  await expect(create).toBeFocused();

  const remove = page.getByRole('button', { name: 'Delete billing:refund' });
  const question = page.getByRole('dialog', { name: 'Delete billing:refund?' });
  await keys.openAndEscape(remove, question);
  await keys.press('Enter');
  await keys.activate(question.getByRole('button', { name: 'Delete' }));
  await expect(question).toBeHidden();
  await expect(remove).toHaveCount(0);
  await expect(page.getByRole('main'), 'its row is gone').toBeFocused();
});

test('a role is created, edited and deleted by keyboard', async ({ page, api }) => {
  const keys = new Keys(page);
  await api.actions('billing:read', 'billing:refund');
  await signedIn(page);
  await page.goto('/access/roles');
  const main = page.getByRole('main');
  const create = main.getByRole('button', { name: 'Create role', exact: true });
  const form = page.getByRole('dialog', { name: 'Create a role' });
  await keys.openAndEscape(create, form);
  await keys.press('Enter');
  await expect(field(form, 'Role name')).toBeFocused();
  await page.keyboard.type('customer-support');
  await keys.to(form.getByRole('combobox', { name: 'Actions' }));
  for (const name of ['billing:read', 'billing:refund']) {
    await page.keyboard.type(name);
    await keys.press('Enter');
    await expect(form.getByText(name, { exact: true }).first()).toBeVisible();
  }
  await keys.activate(form.getByRole('button', { name: 'Create role' }));
  await expect(form).toBeHidden();
  await keys.activate(page.getByRole('link', { name: 'customer-support' }));
  await expect(page.getByRole('heading', { level: 1, name: 'customer-support' })).toBeVisible();

  await keys.fill(field(page, 'Description'), 'Front-line support');
  const refund = main.getByRole('checkbox', { name: 'billing:refund' });
  await keys.activate(refund, 'Space');
  await expect(refund).not.toBeChecked();
  await keys.activate(main.getByRole('button', { name: 'Save' }));
  const question = page.getByRole('dialog', { name: 'Take actions from customer-support?' });
  await keys.activate(question.getByRole('button', { name: 'Save' }));
  await expect(question).toBeHidden();
  await expect(page.getByText('Role saved.')).toBeVisible();

  const deletion = page.getByRole('dialog', { name: 'Delete customer-support?' });
  await keys.openAndEscape(main.getByRole('button', { name: 'Delete' }), deletion);
  await keys.press('Enter');
  await keys.activate(deletion.getByRole('button', { name: 'Delete' }));
  await expect(page.getByText('No roles yet')).toBeVisible();
  await expect(main, 'its page is gone').toBeFocused();
});

test('a user is created, with a set-up link, and suspended by keyboard', async ({ page, api }) => {
  const keys = new Keys(page);
  await api.role('customer-support', ['billing:read']);
  await signedIn(page);
  await page.goto('/access/users');
  const create = page.getByRole('main').getByRole('button', { name: 'Create user', exact: true });
  const form = page.getByRole('dialog', { name: 'Create user' });
  await keys.openAndEscape(create, form);
  await keys.press('Enter');
  await expect(field(form, 'Email')).toBeFocused();
  await page.keyboard.type('support.lead@example.com');
  await keys.fill(field(form, 'Name'), 'Support Lead');
  await keys.choose(form.getByRole('combobox', { name: 'Level' }), 'Auditor');
  await keys.choose(form.getByRole('combobox', { name: 'Roles' }), 'customer-support');
  await keys.activate(form.getByRole('button', { name: 'Create user' }));

  const link = page.getByRole('dialog', { name: 'Set-up link' });
  await expect(link.getByText(/\/setup#token=/)).toBeVisible();
  await expect(link.locator(':focus')).toHaveCount(1);
  await keys.expectToStayIn(link);
  await keys.press('Escape');
  await expect(link, 'what shows once is not lost by Escape').toBeVisible();
  await keys.activate(link.getByRole('button', { name: 'I have copied it' }));
  await expect(link).toBeHidden();
  await expect(create).toBeFocused();

  await keys.activate(page.getByRole('link', { name: 'Support Lead' }));
  const suspend = page.getByRole('main').getByRole('button', { name: 'Suspend' });
  const question = page.getByRole('dialog', { name: 'Suspend Support Lead?' });
  await keys.openAndEscape(suspend, question);
  await keys.press('Enter');
  await keys.activate(question.getByRole('button', { name: 'Suspend' }));
  await expect(question).toBeHidden();
  await expect(page.getByRole('main').getByText('Suspended', { exact: true })).toBeVisible();
});

test('an API token is created and ended, and the signing key rotated, by keyboard', async ({ page }) => {
  const keys = new Keys(page);
  await signedIn(page);
  await page.goto('/settings/api-tokens');
  const create = page.getByRole('main').getByRole('button', { name: 'Create API token' }).first();
  const form = page.getByRole('dialog', { name: 'Create API token' });
  await keys.openAndEscape(create, form);
  await keys.press('Enter');
  await expect(field(form, 'Name')).toBeFocused();
  await page.keyboard.type('Terraform');
  await keys.press('Enter');
  const made = page.getByRole('dialog', { name: 'API token created' });
  await expect(made.locator(':focus')).toHaveCount(1);
  await keys.activate(made.getByRole('button', { name: 'I have copied it' }));
  await expect(made).toBeHidden();
  await expect(create).toBeFocused();

  const end = page.getByRole('button', { name: 'End Terraform' });
  const question = page.getByRole('dialog', { name: 'End Terraform?' });
  await keys.openAndEscape(end, question);
  await keys.press('Enter');
  await keys.activate(question.getByRole('button', { name: 'End token' }));
  await expect(question).toBeHidden();
  await expect(end).toHaveCount(0);

  await keys.to(page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Signing keys' }), 'Shift+Tab');
  await keys.press('Enter');
  const rotate = page.getByRole('main').getByRole('button', { name: 'Rotate signing key' });
  const rotation = page.getByRole('dialog', { name: 'Rotate the signing key?' });
  await keys.openAndEscape(rotate, rotation);
  await keys.press('Enter');
  await keys.activate(rotation.getByRole('button', { name: 'Rotate signing key' }));
  await expect(rotation).toBeHidden();
  await expect(rotate).toBeFocused();
  await expect(page.getByText('Pending', { exact: true })).toBeVisible();
});
