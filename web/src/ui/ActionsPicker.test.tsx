import { MantineProvider } from '@mantine/core';
import { fireEvent, render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { ActionsPicker } from './ActionsPicker';

const action = (name: string) => ({ name, description: '', sensitive: false });

function setUp(value: string[]) {
  const onChange = vi.fn();
  const onSubmit = vi.fn();
  render(
    <MantineProvider env="test">
      <form onSubmit={onSubmit}>
        <ActionsPicker label="Allowed Actions" actions={['billing:read', 'orders:read'].map(action)} value={value} onChange={onChange} />
      </form>
    </MantineProvider>,
  );
  return { onChange };
}

const box = (name: RegExp | string) => screen.getByRole<HTMLInputElement>('checkbox', { name });

it('selects all that the search shows, and keeps the rest', () => {
  const { onChange } = setUp(['orders:read']);
  fireEvent.change(screen.getByLabelText('Search actions'), { target: { value: 'BILL' } });
  fireEvent.click(box('Select All'));
  expect(onChange).toHaveBeenLastCalledWith(['billing:read', 'orders:read']);
});

it('does not let Enter in its search save the form around it', () => {
  setUp([]);
  expect(fireEvent.keyDown(screen.getByLabelText('Search actions'), { key: 'Enter' })).toBe(false);
  expect(fireEvent.keyDown(screen.getByLabelText('Search actions'), { key: 'a' })).toBe(true);
});

it('shows what was chosen and is offered no more, so that it can be taken away', () => {
  const { onChange } = setUp(['billing:read', 'refunds:write']);
  expect(screen.getByText('2 of 3 chosen')).toBeTruthy();
  expect(box('refunds:write').checked).toBe(true);
  fireEvent.click(box('refunds:write'));
  expect(onChange).toHaveBeenLastCalledWith(['billing:read']);
});
