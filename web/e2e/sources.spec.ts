import { expect, field, signedIn, test } from './fixtures';
import { issuer } from './issuer';

test('a workload source is added, tried with a token, and decides who gets tokens until it is disabled', async ({
  page,
  api,
  server,
  complaints,
}) => {
  complaints.expect(400, /\/api\/v1\/workload-sources/);
  complaints.expect(409, /\/api\/v1\/workload-sources/);
  const github = issuer('https://token.actions.githubusercontent.com');
  await api.role('customer-support', ['billing:read']);
  const agent = await api.agent('Pipeline', {
    platform: 'github',
    attestation: 'required',
    selectors: [{ key: 'github:repository', value: 'example/support-agent' }],
  });
  await api.delegation('customer-support', agent, ['billing:read']);
  const fetchToken = (token: string) =>
    fetch(`${server.url}/authsec/uflow/sdk/delegation-token?client_id=${agent.client_id}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
  await signedIn(page);

  await page.goto('/settings/workload-sources');
  await expect(page.getByRole('link', { name: 'This machine' }).first()).toBeVisible();
  await page.getByRole('link', { name: 'Add workload source' }).first().click();
  const main = page.getByRole('main');
  await field(main, 'Name').fill('GitHub Actions');
  await main.getByRole('radio', { name: /^OpenID Connect/ }).click();
  await main.getByLabel('Preset').click();
  await page.getByRole('option', { name: 'GitHub Actions' }).click();
  await expect(field(main, 'Issuer')).toHaveValue('https://token.actions.githubusercontent.com');
  await expect(field(main, 'Audience'), "this server's own URL is a good audience").toHaveValue(server.url);
  await expect(field(main, 'Selector 1')).toHaveValue('github:repository');

  // A key set that is none is refused on its field, and nothing typed is lost.
  await main.getByText('Pasted', { exact: true }).click();
  await field(main, 'Key set').fill('{}');
  await main.getByRole('button', { name: 'Add workload source' }).click();
  await expect(field(main, 'Key set')).toHaveAttribute('aria-invalid', 'true');
  await expect(field(main, 'Name')).toHaveValue('GitHub Actions');
  await field(main, 'Key set').fill(github.jwks);

  // Tried before it is saved.
  const good = github.token({ aud: server.url, repository: 'example/support-agent', ref: 'refs/heads/main' });
  await field(main, 'Workload token').fill(good);
  await main.getByRole('button', { name: 'Test', exact: true }).click();
  await expect(main.getByText('The token is good')).toBeVisible();
  await expect(main.getByRole('list', { name: 'Agents that it satisfies' }).getByRole('link', { name: 'Pipeline' })).toBeVisible();
  expect((await fetchToken(good)).status, 'a try is none').toBe(401);

  await main.getByRole('button', { name: 'Add workload source' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'GitHub Actions' })).toBeVisible();
  expect((await fetchToken(good)).status).toBe(200);

  await field(main, 'Workload token').fill(github.token({ aud: 'another-server', repository: 'example/support-agent' }));
  await main.getByRole('button', { name: 'Test', exact: true }).click();
  await expect(main.getByText('The token is refused')).toBeVisible();

  await page.getByRole('button', { name: 'Edit' }).click();
  const edit = page.getByRole('dialog', { name: 'Edit GitHub Actions' });
  await field(edit, 'Name').fill('Pipelines');
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Pipelines' })).toBeVisible();

  await page.getByRole('button', { name: 'Disable' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
  await expect(page.getByText('Disabled', { exact: true })).toBeVisible();
  expect((await fetchToken(good)).status, 'at once, though it was verified a moment ago').toBe(401);

  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Workload sources' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Pipelines' })).toHaveCount(0);
});

test('an agent signs its own proof with a key that is set on its page, each once', async ({ page, api, server, complaints }) => {
  complaints.expect(400, /\/api\/v1\/agents/);
  await api.role('customer-support', ['billing:read']);
  const agent = await api.agent('Night batch', { platform: 'other', selectors: [] });
  await api.delegation('customer-support', agent, ['billing:read']);
  const own = issuer(agent.client_id);
  const fetchToken = (token: string) =>
    fetch(`${server.url}/authsec/uflow/sdk/delegation-token?client_id=${agent.client_id}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
  const assertion = (jti: string) => own.token({ sub: agent.client_id, aud: server.url, jti });
  await signedIn(page);

  await page.goto(`/clients/agents/${agent.client_id}`);
  await page.getByRole('button', { name: 'Set keys' }).click();
  const dialog = page.getByRole('dialog', { name: 'Keys of Night batch' });
  await field(dialog, 'JWK Set').fill('-----BEGIN PUBLIC KEY-----');
  await dialog.getByRole('button', { name: 'Set keys' }).click();
  await expect(field(dialog, 'JWK Set')).toHaveAccessibleDescription(/Paste a JWK Set/);
  await field(dialog, 'JWK Set').fill('{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}');
  await dialog.getByRole('button', { name: 'Set keys' }).click();
  await expect(dialog.getByRole('alert'), 'a secret is no public key').toBeVisible();
  await field(dialog, 'JWK Set').fill(own.jwks);
  await dialog.getByRole('button', { name: 'Set keys' }).click();
  await expect(page.getByRole('list', { name: 'Public keys' })).toContainText('k1');

  expect((await fetchToken(assertion('1'))).status).toBe(200);
  const second = assertion('2');
  expect((await fetchToken(second)).status).toBe(200);
  expect((await fetchToken(second)).status, 'whoever saw it can do nothing with it').toBe(401);

  await page.getByRole('button', { name: 'Take keys away' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take keys away' }).click();
  await expect(page.getByText('It proves itself by its client secret.')).toBeVisible();
  expect((await fetchToken(assertion('3'))).status).toBe(401);
});
