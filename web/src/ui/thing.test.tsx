import { MantineProvider } from '@mantine/core';
import { fireEvent, render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { Absent, isThere, Outdated } from './thing';

const problem = (status: number) => ({ type: 'about:blank', title: '', status, detail: `Answer ${status}.`, code: 'x', request_id: 'r' });
const shown = (part: React.ReactNode) => render(<MantineProvider env="test">{part}</MantineProvider>).container.textContent;
const refetch = vi.fn();

it('shows what was had until it is known to be gone', () => {
  expect(isThere({ data: {}, error: null })).toBe(true);
  expect(isThere({ data: {}, error: problem(500) })).toBe(true);
  expect(isThere({ data: {}, error: problem(404) })).toBe(false);
  expect(isThere({ data: undefined, error: null })).toBe(false);
});

it('tells what never was from what is gone, and offers neither again', () => {
  expect(shown(<Absent query={{ data: undefined, error: problem(404), refetch }} what="agent" />)).toContain('There is no such agent');
  expect(shown(<Absent query={{ data: {}, error: problem(404), refetch }} what="agent" />)).toContain('This agent is gone');
  expect(screen.queryByRole('button')).toBeNull();
});

it('offers to try again when something could not be had, or be renewed', () => {
  expect(shown(<Absent query={{ data: undefined, error: problem(500), refetch }} what="role" />)).toContain('could not be loaded');
  fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(refetch).toHaveBeenCalledTimes(1);
  expect(shown(<Outdated query={{ data: {}, error: problem(500), refetch }} what="role" />)).toContain('may be old');
  expect(shown(<Outdated query={{ data: {}, error: null, refetch }} what="role" />)).not.toContain('may be old');
});
