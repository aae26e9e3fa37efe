import { MantineProvider } from '@mantine/core';
import { useForm } from '@mantine/form';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { ConditionRows } from './ConditionRows';
import { checks, emptyValues, type Values } from './values';

let values: Values;
let check: () => unknown;

function Rows({ conditions }: { conditions: Values['conditions'] }) {
  const form = useForm<Values>({ mode: 'controlled', initialValues: { ...emptyValues, conditions }, validate: checks });
  values = form.getValues();
  check = () => form.validate();
  return <ConditionRows form={form} provider="Company directory" />;
}

const open = (conditions: Values['conditions']) =>
  render(
    <MantineProvider env="test">
      <Rows conditions={conditions} />
    </MantineProvider>,
  );
const button = (name: string) => screen.getByRole<HTMLButtonElement>('button', { name });
const type = (field: HTMLElement, text: string) => {
  act(() => field.focus());
  fireEvent.change(field, { target: { value: text } });
  fireEvent.keyDown(field, { key: 'Enter' });
};

it('adds and takes away rows, but never the last, and keeps what the others say', () => {
  open([{ claim: 'groups', values: ['support'] }]);
  expect(button('Remove condition 1').disabled).toBe(true);
  fireEvent.click(button('Add condition'));
  fireEvent.change(screen.getByRole('textbox', { name: /^Claim 2/ }), { target: { value: 'department' } });
  type(screen.getByRole('combobox', { name: /^Values 2/ }), 'Customer care, north');
  expect(values.conditions[1]).toEqual({ claim: 'department', values: ['Customer care, north'] });
  // Claims are compared letter by letter.
  type(screen.getByRole('combobox', { name: /^Values 2/ }), 'customer care, north');
  fireEvent.click(button('Remove condition 1'));
  expect(values.conditions).toEqual([{ claim: 'department', values: ['Customer care, north', 'customer care, north'] }]);
});

it('warns as soon as everybody meets the conditions, and no longer', () => {
  open([{ claim: 'sub', values: ['*'] }]);
  expect(screen.getByText(/Everybody whom Company directory knows/)).toBeTruthy();
  fireEvent.click(button('Add condition'));
  fireEvent.change(screen.getByRole('textbox', { name: /^Claim 2/ }), { target: { value: 'groups' } });
  expect(screen.getByText(/Everybody whom Company directory knows/)).toBeTruthy();
  type(screen.getByRole('combobox', { name: /^Values 2/ }), 'support');
  expect(screen.queryByText(/Everybody/)).toBeNull();
});

it('says on its field what a row lacks', () => {
  open([{ claim: '', values: [] }]);
  act(() => void check());
  expect(screen.getByText('Enter a claim.')).toBeTruthy();
  expect(screen.getByText('Enter at least one value, or "*".')).toBeTruthy();
});
