import { MantineProvider } from '@mantine/core';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { ConfirmDialog } from './ConfirmDialog';

const button = (name: string) => screen.getByRole<HTMLButtonElement>('button', { name });

it('stays open while it acts, so that its failure is seen', async () => {
  let fail = (_: unknown) => {};
  const act_ = vi.fn(() => new Promise((_, reject) => (fail = reject)));
  const onClose = vi.fn();
  render(
    <MantineProvider env="test">
      <ConfirmDialog opened onClose={onClose} title="Suspend it?" confirm="Suspend" act={act_}>
        It gets no more tokens.
      </ConfirmDialog>
    </MantineProvider>,
  );
  await act(async () => fireEvent.click(button('Suspend')));
  expect(act_).toHaveBeenCalledTimes(1);
  fireEvent.keyDown(document.body, { key: 'Escape' });
  fireEvent.click(button('Cancel'));
  expect(onClose).not.toHaveBeenCalled();
  await act(async () => fail({ code: 'conflict', detail: 'It is gone.', status: 409 }));
  expect(screen.getByRole('alert').textContent).toBe('It is gone.');
  fireEvent.click(button('Cancel'));
  expect(onClose).toHaveBeenCalledTimes(1);
});
