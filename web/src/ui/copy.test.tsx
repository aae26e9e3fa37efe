import { MantineProvider } from '@mantine/core';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CopyValue } from './copy';

const clipboard = (write: (text: string) => Promise<void>) =>
  Object.defineProperty(navigator, 'clipboard', { value: { writeText: write }, configurable: true });
const press = () => act(async () => fireEvent.click(screen.getByRole('button', { name: 'Copy Client ID' })));

beforeEach(() => {
  window.getSelection()?.removeAllRanges();
  render(
    <MantineProvider env="test">
      <CopyValue value="0198c1f2" label="Client ID" />
    </MantineProvider>,
  );
});
afterEach(() => vi.restoreAllMocks());

it('copies, and says so', async () => {
  const write = vi.fn(async () => {});
  clipboard(write);
  await press();
  expect(write).toHaveBeenCalledWith('0198c1f2');
  expect(screen.getByRole('status').textContent).toBe('Copied');
  expect(screen.queryByRole('alert')).toBeNull();
});

it('selects what it cannot copy, and says so', async () => {
  clipboard(() => Promise.reject(new DOMException('Denied.', 'NotAllowedError')));
  await press();
  expect(screen.getByRole('alert').textContent).toContain('Ctrl+C');
  expect(window.getSelection()?.toString()).toBe('0198c1f2');
});
