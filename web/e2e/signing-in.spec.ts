import { Api } from './api';
import { admin, expect, expectAccessible, field, fillSignIn, signedIn, test } from './fixtures';
import { IdentityProvider } from './provider';

const member = { email: 'member@example.com', password: admin.password };
const auditor = { email: 'auditor@example.com', password: admin.password };

test('a refused sign-in keeps the email and does not say what was wrong', async ({ page, complaints }) => {
  complaints.expect(401, /\/api\/v1\/session/);
  await page.goto('/');
  await expect(page).toHaveURL('/sign-in');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(field(page, 'Email')).toHaveAccessibleDescription('Enter your email.');

  const refusal = page.getByRole('alert');
  await fillSignIn(page, { email: admin.email, password: 'not the password' });
  await expect(refusal).toBeVisible();
  const wrongPassword = await refusal.textContent();
  await expect(field(page, 'Email')).toHaveValue(admin.email);

  await fillSignIn(page, { email: 'nobody@example.com', password: 'not the password' });
  await expect(field(page, 'Email')).toHaveValue('nobody@example.com');
  await expect(refusal).toHaveText(wrongPassword ?? '');

  await fillSignIn(page, admin);
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
});

test('guessing is throttled, says for how long, and harms nobody else', async ({ page, api, complaints }) => {
  complaints.expect(401, /\/api\/v1\/session/);
  complaints.expect(429, /\/api\/v1\/session/);
  await api.user({ ...member, level: 'member' });
  await page.goto('/sign-in');
  const refusal = page.getByRole('alert');
  await expect(async () => {
    await fillSignIn(page, { email: member.email, password: 'a guess at it' });
    await expect(refusal).toHaveText(/^Too many attempts\. Wait \S+, then try again\.$/, { timeout: 1000 });
  }).toPass();
  await fillSignIn(page, member);
  await expect(refusal, 'the right password waits too').toHaveText(/^Too many attempts/);

  await fillSignIn(page, admin);
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
});

test('signing in leads back to where one was going', async ({ page, api }) => {
  await api.agent('Invoice Clerk');
  await page.goto('/clients?q=Invoice');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await fillSignIn(page, admin);
  await expect(page).toHaveURL('/clients?q=Invoice');
  await expect(page.getByRole('link', { name: 'Invoice Clerk' })).toBeVisible();
});

test('a forged return address stays in this console', async ({ page }) => {
  for (const elsewhere of ['//elsewhere.example.com/', 'https://elsewhere.example.com/', '/\\elsewhere.example.com']) {
    await page.context().clearCookies();
    await page.goto(`/sign-in?return=${encodeURIComponent(elsewhere)}`);
    await fillSignIn(page, admin);
    await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
    await expect(page).toHaveURL('/');
  }
});

test('a session that ends in mid-form costs nothing that was typed', async ({ page, complaints }) => {
  complaints.expect(401, /\/api\/v1\//);
  await signedIn(page);
  await page.goto('/clients');
  await page.getByRole('button', { name: 'Onboard New Client' }).click();
  const modal = page.getByRole('dialog', { name: 'Onboard New Client' });
  await modal.getByText('AI Agent', { exact: true }).click();
  await field(modal, 'AI Agent Name').fill('Typed before the session ended');
  await field(modal, 'k8s:ns').fill('production');

  // Ends it behind the page's back, with the browser's own cookie.
  expect((await page.request.delete('/api/v1/session')).status()).toBe(204);
  await modal.getByRole('button', { name: '+ Onboard' }).click();

  const again = page.getByRole('dialog', { name: 'Your session has ended' });
  await expect(field(again, 'Email')).toHaveValue(admin.email);
  await expect(field(again, 'Password')).toBeFocused();
  await field(again, 'Password').fill(admin.password);
  await again.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(again).toBeHidden();

  await expect(field(modal, 'AI Agent Name')).toHaveValue('Typed before the session ended');
  await expect(field(modal, 'k8s:ns')).toHaveValue('production');
  await modal.getByRole('button', { name: '+ Onboard' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Typed before the session ended' })).toBeVisible();
});

test('signing out ends the session on the server too', async ({ page }) => {
  await signedIn(page);
  await page.goto('/');
  const cookies = await page.context().cookies();
  await page.getByRole('button', { name: /^Account of / }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();

  await page.context().addCookies(cookies);
  expect((await page.request.get('/api/v1/session')).status(), 'with the old cookie').toBe(401);
});

test('one changes one’s own password, and errors sit on their fields', async ({ page, server, complaints }) => {
  complaints.expect(400, /\/api\/v1\/me\/password/);
  await signedIn(page);
  await page.goto('/profile');
  const next = 'an even longer passphrase';
  const current = field(page, 'Current password');
  const password = field(page, 'New password');
  const repeated = field(page, 'New password again');
  const save = page.getByRole('button', { name: 'Change password' });

  await current.fill('not the password');
  await password.fill(next);
  await repeated.fill(next);
  await save.click();
  await expect(current).toHaveAttribute('aria-invalid', 'true');
  await expect(password).toHaveValue(next);

  await current.fill(admin.password);
  await save.click();
  await expect(current).toHaveValue('');
  await expect(Api.signIn(server, admin)).rejects.toThrow(/answered 401/);
  await Api.signIn(server, { ...admin, password: next });
  // The session that changed it goes on.
  await page.getByRole('link', { name: 'Trust Delegation' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Trust Delegation' })).toBeVisible();
});

test('a member sees their own delegations, and nothing of users or keys', async ({ page, api, server }) => {
  await api.role('customer-support', ['billing:read']);
  await api.user({ ...member, level: 'member', roles: ['customer-support'] });
  const [own, other] = [await api.agent('Agent of the member'), await api.agent('Agent of the administrator')];
  const theirs = await Api.signIn(server, member);
  await theirs.delegation('customer-support', own, ['billing:read']);
  const foreign = await api.delegation('customer-support', other, ['billing:read']);

  await signedIn(page, member);
  await page.goto('/delegations');
  await expect(page.getByRole('cell', { name: 'Agent of the member' })).toBeVisible();
  await expect(page.getByText('Agent of the administrator')).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Create trust delegation' })).toBeVisible();

  const sidebar = page.getByRole('navigation', { name: 'Main' });
  await expect(sidebar.getByRole('link', { name: 'Roles' })).toBeVisible();
  await expect(sidebar.getByRole('link', { name: 'Users' })).toHaveCount(0);
  await expect(sidebar.getByRole('link', { name: 'Signing keys' })).toHaveCount(0);

  await page.goto('/clients');
  await expect(page.getByRole('link', { name: 'Agent of the member' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Onboard New Client' })).toHaveCount(0);
  // Whatever the console offers, the server decides.
  expect((await page.request.get(`/api/v1/delegations/${foreign.id}`)).status()).toBe(404);
  expect((await page.request.get('/api/v1/users')).status()).toBe(403);
});

test('an auditor sees everything and is offered no change', async ({ page, api }) => {
  await api.role('customer-support', ['billing:read']);
  const agent = await api.agent('Customer Support');
  const delegation = await api.delegation('customer-support', agent, ['billing:read']);
  await api.user({ ...auditor, level: 'auditor' });
  await signedIn(page, auditor);

  const changes = /^(\+ Onboard|Onboard|Create|New|Add|Edit|Delete|Suspend|Revoke|Disable|Rotate|Save)\b/;
  const pages = {
    '/clients': 'MCP Servers / AI Agents',
    [`/clients/agents/${agent.client_id}`]: 'Customer Support',
    '/delegations': 'Trust Delegation',
    [`/delegations/${delegation.id}`]: 'Customer Support',
    '/access/users': 'Users',
    '/access/roles': 'Roles',
    '/access/roles/customer-support': 'customer-support',
    '/access/actions': 'Actions',
    '/settings/signing-keys': 'Signing keys',
    '/settings/api-tokens': 'API tokens',
  };
  for (const [path, heading] of Object.entries(pages)) {
    await page.goto(path);
    const main = page.getByRole('main');
    await expect(main.getByRole('heading', { level: 1 }), path).toContainText(heading);
    await page.waitForLoadState('networkidle');
    const offered = [...(await main.getByRole('button').all()), ...(await main.getByRole('link').all())];
    for (const control of offered) expect(await control.textContent(), path).not.toMatch(changes);
  }
  expect((await page.request.post(`/api/v1/agents/${agent.client_id}/suspend`)).status()).toBe(403);
});

test('one signs in from an identity provider, by the browser, and is told why when that comes to nothing', async ({ page, api }) => {
  const directory = await IdentityProvider.start();
  const body = { name: 'Company directory', issuer: directory.issuer, sign_in: true, client_id: directory.clientId, scopes: ['email'] };
  const added = await api.client.POST('/identity-providers', { body });
  expect(added.response.status).toBe(201);
  const provider = added.data?.id ?? '';
  const lead = await api.user({ ...member, name: 'Support Lead', level: 'member' });
  const enter = page.getByRole('link', { name: 'Sign in with Company directory' });

  await test.step('who is linked to no user is told so', async () => {
    directory.person = { sub: 'lead', email: member.email, email_verified: true };
    await page.goto('/clients?tab=servers');
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await enter.click();
    await expect(page.getByRole('alert')).toContainText('you are no user here yet');
    await expect(field(page, 'Password')).toBeVisible();
    await expectAccessible(page);
  });
  await test.step('who is refused there is told so', async () => {
    directory.denies = 'access_denied';
    await enter.click();
    await expect(page.getByRole('alert')).toContainText('did not let you in');
    directory.denies = undefined;
  });
  await test.step('who is linked comes to where they were going', async () => {
    const link = { identity_provider_id: provider, subject: 'lead' };
    expect((await api.client.POST('/users/{id}/identities', { params: { path: { id: lead.id } }, body: link })).response.status).toBe(201);
    await page.goto('/clients?tab=servers');
    await enter.click();
    await expect(page.getByRole('heading', { level: 1, name: 'MCP Servers / AI Agents' })).toBeVisible();
    await expect(page).toHaveURL('/clients?tab=servers');
    await page.goto('/profile');
    await expect(page.getByRole('row', { name: /Company directory/ })).toContainText('lead');
    await expectAccessible(page);
  });
  await directory.stop();
});

test('a session that ends goes on when one signs in from an identity provider, in another tab', async ({ page, api, complaints }) => {
  complaints.expect(401, /\/api\/v1\//);
  const directory = await IdentityProvider.start();
  const body = { name: 'Company directory', issuer: directory.issuer, sign_in: true, client_id: directory.clientId };
  const added = await api.client.POST('/identity-providers', { body });
  await api.role('customer-support', ['billing:read']);
  const lead = await api.user({ ...member, level: 'admin' });
  const link = { identity_provider_id: added.data?.id ?? '', subject: 'lead' };
  expect((await api.client.POST('/users/{id}/identities', { params: { path: { id: lead.id } }, body: link })).response.status).toBe(201);
  directory.person = { sub: 'lead' };

  await signedIn(page, member);
  await page.goto('/access/actions');
  await page
    .getByRole('button', { name: /action$/ })
    .first()
    .click();
  const modal = page.getByRole('dialog');
  await field(modal, 'Name').fill('billing:refund');
  expect((await page.request.delete('/api/v1/session')).status()).toBe(204);
  await modal.getByRole('button', { name: /^Create/ }).click();

  const again = page.getByRole('dialog', { name: 'Your session has ended' });
  const opened = page.context().waitForEvent('page');
  await again.getByRole('link', { name: 'Sign in with Company directory' }).click();
  const other = await opened;
  await expect(other.getByRole('navigation', { name: 'Main' })).toBeVisible();
  await other.close();
  // A browser without windows gives none the focus.
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await expect(again).toBeHidden();
  await expect(field(modal, 'Name')).toHaveValue('billing:refund');
  await directory.stop();
});
