import type { Page } from '@playwright/test';
import { delegatedAgent } from './api';
import { exchange, Listener } from './exchange';
import { test as base, expect, expectAccessible, expectNoSidewaysScroll, field, signedIn } from './fixtures';
import { IdentityProvider } from './provider';
import { sdkFetch } from './sdk';

const test = base.extend<{ directory: IdentityProvider }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads which fixtures it needs
  directory: async ({}, use) => {
    const provider = await IdentityProvider.start();
    await use(provider);
    await provider.stop();
  },
});

const audience = 'api://authsec';

async function addProvider(page: Page, directory: IdentityProvider) {
  await page.goto('/settings/identity-providers');
  await page.getByRole('link', { name: 'Add identity provider' }).first().click();
  const main = page.getByRole('main');
  await field(main, 'Name').fill('Company directory');
  await field(main, 'Issuer').fill(directory.issuer);
  await field(main, 'Audience').fill(audience);
  await main.getByRole('switch', { name: 'Make users of people who are not linked yet' }).check();
  await main.getByRole('button', { name: 'Add identity provider' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Company directory' })).toBeVisible();
}

async function addTemplate(page: Page) {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Delegation templates' }).click();
  await page.getByRole('link', { name: 'Add delegation template' }).first().click();
  const main = page.getByRole('main');
  await field(main, 'Name').fill('Support staff');
  await main.getByRole('combobox', { name: 'Client / Application' }).click();
  await page.getByRole('option', { name: 'Customer Support', exact: true }).click();
  await main.getByRole('combobox', { name: 'Identity provider' }).click();
  await page.getByRole('option', { name: 'Company directory', exact: true }).click();
  await field(main, 'Claim 1').fill('groups');
  const values = main.getByRole('combobox', { name: 'Values 1' });
  await values.fill('support');
  await page.keyboard.press('Enter');
  await main.getByRole('combobox', { name: 'Role' }).click();
  await page.getByRole('option', { name: 'customer-support', exact: true }).click();
  await main.getByRole('checkbox', { name: 'Select All' }).check();
  await expect(main.getByText(/^Whoever signs in at Company directory/)).toHaveText(
    'Whoever signs in at Company directory, whose “groups” is or has support, can lend Customer Support billing:read and orders:read ' +
      'of customer-support while they are present, in tokens of at most 15 minutes. They need not hold the role themselves.',
  );
  await main.getByRole('button', { name: 'Add delegation template' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Support staff' })).toBeVisible();
}

test('an identity provider is added, tried with a token, changed, disabled and deleted', async ({ page, directory, complaints }) => {
  complaints.expect(400, /\/api\/v1\/identity-providers/);
  complaints.expect(409, /\/api\/v1\/identity-providers/);
  await signedIn(page);
  await page.goto('/settings/identity-providers/new');
  const main = page.getByRole('main');
  await field(main, 'Name').fill('Company directory');
  await field(main, 'Issuer').fill('http://issuer.example.com');
  await field(main, 'Audience').fill(audience);
  await main.getByRole('button', { name: 'Add identity provider' }).click();
  await expect(field(main, 'Issuer'), 'plain http is for this machine alone').toHaveAttribute('aria-invalid', 'true');
  await expect(field(main, 'Audience')).toHaveValue(audience);

  // A key set that is none is refused on its field.
  await field(main, 'Issuer').fill(directory.issuer);
  await main.getByText('Pasted', { exact: true }).click();
  await field(main, 'Key set').fill('{}');
  await main.getByRole('button', { name: 'Add identity provider' }).click();
  await expect(field(main, 'Key set')).toHaveAttribute('aria-invalid', 'true');
  await main.getByText('Discovered', { exact: true }).click();
  await main.getByRole('button', { name: 'Add identity provider' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Company directory' })).toBeVisible();

  directory.person = { sub: 'person-1', groups: ['support'] };
  await field(main, "Person's token").fill(directory.token('another-server'));
  await main.getByRole('button', { name: 'Test', exact: true }).click();
  await expect(main.getByText('The token is refused')).toBeVisible();
  await field(main, "Person's token").fill(directory.token(audience));
  await main.getByRole('button', { name: 'Test', exact: true }).click();
  await expect(main.getByText('The token is good')).toBeVisible();
  await expect(main.getByText('person-1 is linked to no user yet.')).toBeVisible();
  await expect(main.getByRole('region', { name: 'Claims' })).toContainText('"support"');
  await expect(main.getByText(/^No delegation template is for this provider/)).toBeVisible();
  await expectAccessible(page);

  await page.getByRole('button', { name: 'Edit' }).click();
  const edit = page.getByRole('dialog', { name: 'Edit Company directory' });
  await field(edit, 'Name').fill('Staff');
  await edit.getByRole('switch', { name: 'People sign in from there' }).check();
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(field(edit, 'Client ID'), 'sign-in needs one').toHaveAttribute('aria-invalid', 'true');
  await field(edit, 'Client ID').fill(directory.clientId);
  await expectAccessible(page);
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Staff' })).toBeVisible();
  await expect(page.getByRole('row', { name: /^Sign-in/ })).toContainText('People sign in to this console from there');

  await page.getByRole('button', { name: 'Disable' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
  await expect(page.getByText('Disabled', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Identity providers' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'There is no identity provider' })).toBeVisible();
});

test('a delegation template is added by its conditions, tried, narrowed and deleted', async ({ page, api, directory, complaints }) => {
  complaints.expect(409, /\/api\/v1\/identity-providers/);
  await api.role('customer-support', ['billing:read', 'orders:read']);
  await api.agent('Customer Support');
  await api.agent('Invoice Clerk');
  await signedIn(page);
  await addProvider(page, directory);
  const provider = page.url();
  await addTemplate(page);
  const main = page.getByRole('main');
  await expect(main.getByRole('row', { name: /^Sub-agents/ })).toContainText('nobody');
  await expect(main.getByRole('row', { name: /^Sender-constrained tokens/ })).toContainText('Not demanded');

  await test.step('whoever meets the conditions is told', async () => {
    await page.goto(provider);
    for (const [groups, verdict] of [
      ['support', 'Met'],
      ['sales', 'Not met'],
    ] as const) {
      directory.person = { sub: 'person-1', groups: [groups] };
      await field(main, "Person's token").fill(directory.token(audience));
      await main.getByRole('button', { name: 'Test', exact: true }).click();
      await expect(main.getByRole('row', { name: /Support staff/ }).getByText(verdict, { exact: true })).toBeVisible();
    }
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(page.getByRole('dialog').getByRole('alert'), 'a template names it').toBeVisible();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  });

  await test.step('conditions that everybody meets are warned of', async () => {
    await main.getByRole('link', { name: 'Support staff' }).click();
    await page.getByRole('button', { name: 'Edit' }).click();
    const edit = page.getByRole('dialog', { name: 'Edit Support staff' });
    await edit.getByRole('button', { name: 'Add condition' }).click();
    await field(edit, 'Claim 2').fill('sub');
    await edit.getByRole('combobox', { name: 'Values 2' }).fill('*');
    await page.keyboard.press('Enter');
    await expect(edit.getByText('This is for everybody')).toHaveCount(0);
    await edit.getByRole('button', { name: 'Remove condition 1' }).click();
    await expect(edit.getByText('Everybody whom Company directory knows meets this', { exact: false })).toBeVisible();
    await expectAccessible(page);
    await edit.getByRole('button', { name: 'Cancel' }).click();
  });

  await test.step('terms are changed', async () => {
    await page.getByRole('button', { name: 'Edit' }).click();
    const edit = page.getByRole('dialog', { name: 'Edit Support staff' });
    await edit.getByRole('checkbox', { name: 'orders:read' }).uncheck();
    await edit.getByRole('combobox', { name: 'Sub-agents' }).click();
    await expect(page.getByRole('option', { name: 'Customer Support' }), 'nobody hands on to themselves').toHaveCount(0);
    await page.getByRole('option', { name: 'Invoice Clerk' }).click();
    await page.keyboard.press('Escape');
    await edit.getByRole('radio', { name: /^DPoP$/ }).check();
    await edit.getByRole('button', { name: 'Save' }).click();
    await expect(edit).toBeHidden();
    await expect(main.getByRole('row', { name: /^Allowed Actions/ })).not.toContainText('orders:read');
    await expect(main.getByRole('row', { name: /^Sub-agents/ })).toContainText('Invoice Clerk');
    await expect(main.getByRole('row', { name: /^Sender-constrained tokens/ })).toContainText('DPoP');
    await expectAccessible(page);
  });

  await test.step('the list is filtered in the address', async () => {
    await page.goto('/delegation-templates');
    await main.getByRole('combobox', { name: 'Agent' }).click();
    await page.getByRole('option', { name: 'Invoice Clerk' }).click();
    await expect(main.getByRole('heading', { name: 'No delegation template matches' })).toBeVisible();
    await expect(page).toHaveURL(/client_id=/);
    await page.goBack();
    await expect(main.getByRole('link', { name: 'Support staff' })).toBeVisible();
    await page.setViewportSize({ width: 390, height: 844 });
    await expectNoSidewaysScroll(page);
    await main.getByRole('link', { name: 'Support staff' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Support staff' })).toBeVisible();
    await expectNoSidewaysScroll(page);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(main.getByRole('heading', { name: 'No delegation templates yet' })).toBeVisible();
});

test('an exchanged token names its person, works while they are present, and is recalled before the eyes of whoever revokes it', async ({
  page,
  api,
  server,
  directory,
}) => {
  await api.role('customer-support', ['billing:read', 'orders:read']);
  const agent = await api.agent('Customer Support', { platform: 'other', selectors: [] });
  const resource = await api.resource('Billing API', 'https://api.example.com/billing');
  await signedIn(page);
  await addProvider(page, directory);
  await addTemplate(page);
  const main = page.getByRole('main');
  directory.person = {
    sub: 'person-1',
    email: 'support.lead@example.com',
    email_verified: true,
    name: 'Support Lead',
    groups: ['support'],
  };

  const { token_type } = await exchange(server, agent, directory.token(audience));
  expect(token_type).toBe('Bearer');
  await page.goto('/delegations');
  const row = main.getByRole('row', { name: /Customer Support/ });
  await expect(row).toContainText('Support Lead');
  await expect(row).toContainText('Template');
  await row.getByRole('link', { name: 'Customer Support' }).click();
  await expect(main.getByRole('row', { name: /^Template/ })).toContainText('Support staff');
  await expect(main.getByRole('row', { name: /^Template/ })).toContainText('works while its person is present');
  await expect(main.getByRole('region', { name: 'What works now' })).toContainText('It works while its person is present');
  await expect(page.getByRole('button', { name: 'Make default' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Narrow' })).toBeVisible();
  await expectAccessible(page);

  const verifier = await Listener.connect(server, resource);
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  const notice = page.getByRole('alert').filter({ hasText: 'Revoked' }).filter({ hasText: 'recalled' });
  await expect(notice).toContainText('1 token recalled · 1 of 1 connected verifier has heard');
  await expectAccessible(page);
  await verifier.leave();

  // The person can be seen, with who they are at the provider, and taken apart from it.
  await page.goto('/access/users');
  await main
    .getByRole('link', { name: /Support Lead|support.lead@example.com/ })
    .first()
    .click();
  const identities = main.getByRole('region', { name: 'Linked identities' }).first();
  await expect(identities.getByRole('row', { name: /Company directory/ })).toContainText('person-1');
  await expectAccessible(page);
  await identities.getByRole('button', { name: 'Unlink person-1 at Company directory' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click();
  await expect(identities.getByText('No linked identity')).toBeVisible();
});

test('revoking says what it means that no verifier is connected', async ({ page, api, server }) => {
  const { agent, delegation } = await delegatedAgent(api);
  expect((await sdkFetch(server, agent.client_id)).status).toBe(0);
  await signedIn(page);
  await page.goto(`/delegations/${delegation.id}`);
  await page.getByRole('button', { name: 'Edit' }).click();
  const edit = page.getByRole('dialog', { name: 'Edit delegation' });
  await edit.getByRole('checkbox', { name: 'orders:read' }).uncheck();
  await edit.getByRole('button', { name: 'Save' }).click();
  const notice = page.getByRole('alert').filter({ hasText: '1 token recalled · no verifier is connected' });
  await expect(notice).toContainText('Delegation saved');
  await expect(notice).toContainText('refuses them within 10 s');
  await notice.getByRole('button', { name: 'Close' }).click();

  await page.goto(`/clients/agents/${agent.client_id}`);
  await page.getByRole('button', { name: 'Suspend' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Suspended' })).toBeVisible();
});
