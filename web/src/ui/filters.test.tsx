import { MantineProvider } from '@mantine/core';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Search } from './filters';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const shown = () => screen.getByLabelText<HTMLInputElement>('Search');
const type = (value: string) => fireEvent.change(shown(), { target: { value } });
const wait = (ms: number) => act(() => vi.advanceTimersByTime(ms));

function setUp(value?: string) {
  const onChange = vi.fn();
  const at = (v: string | undefined) => (
    <MantineProvider>
      <Search value={v} onChange={onChange} />
    </MantineProvider>
  );
  const { rerender, unmount } = render(at(value));
  return { onChange, unmount, comesBack: (v: string | undefined) => rerender(at(v)) };
}

it('keeps what is typed while the URL catches up', () => {
  const { onChange, comesBack } = setUp();
  type('customer ');
  wait(250);
  expect(onChange).toHaveBeenLastCalledWith('customer');
  type('customer sup');
  comesBack('customer');
  expect(shown().value).toBe('customer sup');
  wait(250);
  expect(onChange).toHaveBeenLastCalledWith('customer sup');
});

it('keeps a blank between two words, though the URL has none', () => {
  const { comesBack } = setUp();
  type('customer ');
  wait(250);
  comesBack('customer');
  expect(shown().value).toBe('customer ');
});

it('follows Back and Clear, and forgets what was still under way', () => {
  const { onChange, comesBack } = setUp('old');
  type('older');
  comesBack(undefined);
  expect(shown().value).toBe('');
  wait(1000);
  expect(onChange).not.toHaveBeenCalled();
});

it('says nothing more once its page is left', () => {
  const { onChange, unmount } = setUp();
  type('late');
  unmount();
  wait(1000);
  expect(onChange).not.toHaveBeenCalled();
});
