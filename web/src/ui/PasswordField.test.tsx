import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { PasswordField } from './PasswordField';

it('is found by its label, and by the focus when it is wrong', () => {
  const field = (error?: string) => (
    <MantineProvider env="test">
      <PasswordField label="New password" what="new password" error={error} />
    </MantineProvider>
  );
  const { rerender } = render(field());
  const input = screen.getByLabelText('New password');
  expect(input.getAttribute('aria-invalid')).toBeNull();
  expect(screen.getByLabelText('Show or hide the new password').tagName).toBe('BUTTON');
  rerender(field('Use at least 12 characters.'));
  expect(input.getAttribute('aria-invalid')).toBe('true');
});
