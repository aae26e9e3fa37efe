import { delegatedAgent } from './api';
import { expect, expectAccessible, expectNoSidewaysScroll, signedIn, test } from './fixtures';
import { sdkFetch } from './sdk';

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test('pages before sign-in', async ({ page }) => {
      for (const path of ['/sign-in', '/sign-in?error=not_linked', '/setup', '/setup#token=authsec_su_x']) {
        await page.goto('about:blank');
        await page.goto(path);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expectAccessible(page);
      }
    });

    test('pages without anything in them', async ({ page }) => {
      await signedIn(page);
      const pages = ['/', '/clients', '/clients?tab=servers', '/delegations', '/delegations/new', '/access/roles', '/no/such/page'];
      pages.push('/delegation-templates', '/delegation-templates/new', '/settings/identity-providers');
      for (const path of pages) {
        await page.goto(path);
        await page.waitForLoadState('networkidle');
        await expectAccessible(page);
      }
    });

    test('pages with something in them', async ({ page, api, server }) => {
      test.slow();
      const { agent, delegation } = await delegatedAgent(api);
      const resource = await api.resource('Billing API', 'https://api.example.com/billing');
      const { provider, template } = await api.template('customer-support', agent, ['billing:read']);
      const user = await api.user({ email: 'member@example.com', level: 'member', roles: ['customer-support'] });
      expect((await sdkFetch(server, agent.client_id)).status).toBe(0);
      await signedIn(page);
      const pages = [
        '/',
        '/clients',
        '/clients?tab=servers',
        `/clients/agents/${agent.client_id}`,
        `/clients/servers/${resource.id}`,
        '/delegations',
        '/delegations/new?role=customer-support',
        `/delegations/${delegation.id}`,
        '/access/users',
        `/access/users/${user.id}`,
        '/access/roles',
        '/access/roles/customer-support',
        '/access/actions',
        '/activity',
        '/settings/workload-sources',
        '/settings/workload-sources/new',
        '/settings/identity-providers',
        '/settings/identity-providers/new',
        `/settings/identity-providers/${provider.id}`,
        '/delegation-templates',
        '/delegation-templates/new',
        `/delegation-templates/${template.id}`,
        '/settings/signing-keys',
        '/settings/api-tokens',
        '/profile',
      ];
      for (const path of pages) {
        await page.goto(path);
        await expect(page.getByRole('main').getByRole('heading', { level: 1 }), path).toBeVisible();
        await page.waitForLoadState('networkidle');
        await expectAccessible(page);
      }
    });

    test('dialogs', async ({ page, api }) => {
      const { agent, delegation } = await delegatedAgent(api);
      const { provider, template } = await api.template('customer-support', agent, ['billing:read']);
      const user = await api.user({ email: 'member@example.com', level: 'member' });
      await signedIn(page);
      const opened: [string, string][] = [
        ['/clients', 'Onboard New Client'],
        [`/clients/agents/${agent.client_id}`, 'Suspend'],
        [`/clients/agents/${agent.client_id}`, 'Edit'],
        [`/delegations/${delegation.id}`, 'Revoke'],
        [`/delegations/${delegation.id}`, 'Edit'],
        ['/delegations/new', 'Create a role'],
        [`/settings/identity-providers/${provider.id}`, 'Edit'],
        [`/delegation-templates/${template.id}`, 'Edit'],
        [`/access/users/${user.id}`, 'Link an identity'],
      ];
      for (const [path, button] of opened) {
        await page.goto(path);
        await page.getByRole('main').getByRole('button', { name: button, exact: true }).click();
        await expect(page.getByRole('dialog')).toBeVisible();
        await page.waitForLoadState('networkidle');
        await expectAccessible(page);
      }
      await page.goto('/');
      await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
      await page.keyboard.press('Control+k');
      await expect(page.getByRole('dialog')).toBeVisible();
      await expectAccessible(page);
    });
  });
}

test('the palette finds an agent by keyboard alone', async ({ page, api }) => {
  await delegatedAgent(api);
  await api.agent('Invoice Clerk');
  await signedIn(page);
  await page.goto('/');
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog').getByRole('textbox', { name: 'Search' })).toBeFocused();
  await page.keyboard.type('Invoice');
  await expect(page.getByRole('dialog').getByText('Invoice Clerk')).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Invoice Clerk' })).toBeVisible();
});

test('the first Tab leads past the navigation', async ({ page }) => {
  await signedIn(page);
  await page.goto('/clients');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to content' });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('main').locator(':focus')).toHaveCount(1);
});

test('an agent is onboarded by keyboard alone', async ({ page }) => {
  await signedIn(page);
  await page.goto('/clients');
  await page.getByRole('button', { name: 'Onboard New Client' }).focus();
  await page.keyboard.press('Enter');
  const modal = page.getByRole('dialog', { name: 'Onboard New Client' });
  await expect(modal.getByLabel('AI Agent Name')).toBeFocused();
  await page.keyboard.type('Typed only');
  while (!(await modal.getByLabel('k8s:ns', { exact: true }).evaluate((e) => e === document.activeElement)))
    await page.keyboard.press('Tab');
  await page.keyboard.type('production');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Typed only' })).toBeVisible();
});

test('everything is within reach on a phone', async ({ page, api }) => {
  await delegatedAgent(api);
  await page.setViewportSize({ width: 390, height: 844 });
  await signedIn(page);
  await page.goto('/');
  const sidebar = page.getByRole('navigation', { name: 'Main' });
  const burger = page.getByRole('button', { name: 'Navigation' });
  await expect(sidebar.getByRole('link', { name: 'Trust Delegation' })).not.toBeInViewport();
  await burger.click();
  await expect(burger).toHaveAttribute('aria-expanded', 'true');
  await sidebar.getByRole('link', { name: 'Trust Delegation' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Trust Delegation' })).toBeVisible();
  await expect(burger, 'choosing a page closes it').toHaveAttribute('aria-expanded', 'false');
  await expectNoSidewaysScroll(page);
  await page.getByRole('link', { name: 'Create trust delegation' }).click();
  await expect(page.getByRole('button', { name: 'Create Trust Delegation' })).toBeVisible();
  await expectNoSidewaysScroll(page);
});
