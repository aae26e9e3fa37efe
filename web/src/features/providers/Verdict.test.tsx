import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import { expect, it, vi } from 'vitest';
import { Verdict } from './Verdict';

vi.mock('@/ui/links', () => ({ LinkTo: ({ children, to }: { children: ReactNode; to: string }) => <a href={to}>{children}</a> }));

const show = (verdict: Parameters<typeof Verdict>[0]['verdict']) =>
  render(
    <MantineProvider env="test">
      <Verdict verdict={verdict} />
    </MantineProvider>,
  );
const template = (name: string, met: boolean, enabled = true) => ({
  id: name,
  name,
  enabled,
  met,
  agent: { client_id: 'a', name: 'Customer Support', type: 'langchain' as const },
  role: 'customer-support',
});

it('says who somebody is, and which templates they meet', () => {
  show({
    verdict: 'accepted',
    subject: 'person-1',
    user: { id: 'u', email: 'support.lead@example.com', name: 'Support Lead' },
    claims: { sub: 'person-1', groups: ['<b>support</b>'] },
    templates: [template('Support staff', true), template('Sales', false, false)],
    more_templates: false,
  });
  expect(screen.getByText('The token is good')).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Support Lead' })).toBeTruthy();
  expect(screen.getByRole('region', { name: 'Claims' }).textContent).toContain('<b>support</b>');
  expect(screen.getByRole('row', { name: /^Support staff/ }).textContent).toMatch(/Met$/);
  expect(screen.getByRole('row', { name: /^Sales/ }).textContent).toMatch(/Not metDisabled$/);
});

it.each([
  ['rejected', 'The token is refused'],
  ['other_provider', 'The token is not of this provider'],
  ['unavailable', 'It cannot be told now'],
] as const)('says why not, and nothing of templates, when it is %s', (verdict, title) => {
  show({ verdict, problem: 'Its audience is another.', cause: 'aud: x', templates: [], more_templates: false });
  expect(screen.getByRole('alert').textContent).toContain(title);
  expect(screen.getByText('Its audience is another.')).toBeTruthy();
  expect(screen.queryByText(/template/)).toBeNull();
});
