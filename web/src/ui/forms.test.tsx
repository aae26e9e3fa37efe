import { useForm } from '@mantine/form';
import { act, renderHook } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { useSave } from './forms';

const problem = (errors: { field: string; message: string }[]) => ({
  type: 'about:blank',
  title: 'Bad Request',
  status: 400,
  detail: 'The request is not valid.',
  code: 'invalid_request',
  request_id: 'r',
  errors: errors.map((e) => ({ code: 'x', ...e })),
});

const setUp = (save: (v: unknown) => Promise<unknown>, rename?: Record<string, string>) =>
  renderHook(() => {
    const form = useForm({ mode: 'controlled', initialValues: { name: 'typed', actions: ['a:b'], selectors: [{ key: 'k', value: '' }] } });
    return { form, saving: useSave(save, form, rename) };
  });

it('saves once, however often it is pressed', async () => {
  let finish = () => {};
  const save = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
  const { result } = setUp(save);
  await act(async () => {
    void result.current.saving.submit({});
    void result.current.saving.submit({});
  });
  expect(save).toHaveBeenCalledTimes(1);
  expect(result.current.saving.saving).toBe(true);
  await act(async () => finish());
  expect(result.current.saving.saving).toBe(false);
  await act(async () => {
    void result.current.saving.submit({});
  });
  expect(save).toHaveBeenCalledTimes(2);
});

it('puts messages on their fields, says the rest, and keeps what was typed', async () => {
  const { result } = setUp(
    async () => {
      throw problem([
        { field: '/name', message: 'It is taken.' },
        { field: '/selectors/0/value', message: 'Not blank.' },
        { field: '/uri', message: 'Renamed.' },
        { field: '/actions/0', message: 'Unknown.' },
        { field: '/actions/7', message: 'Too many.' },
        { field: '/nowhere', message: 'Of no field.' },
      ]);
    },
    { uri: 'selectors.0.key' },
  );
  await act(() => result.current.saving.submit({}));
  expect(result.current.form.errors).toEqual({
    name: 'It is taken.',
    'selectors.0.value': 'Not blank.',
    'selectors.0.key': 'Renamed.',
    actions: 'Unknown. Too many.',
  });
  expect(result.current.saving.problem).toBe('Of no field.');
  expect(result.current.form.getValues().name).toBe('typed');
});

it('says what no field is to blame for, and forgets it with the next try', async () => {
  const save = vi.fn().mockRejectedValueOnce(problem([])).mockResolvedValueOnce(undefined);
  const { result } = setUp(save);
  await act(() => result.current.saving.submit({}));
  expect(result.current.saving.problem).toBe('The request is not valid.');
  await act(() => result.current.saving.submit({}));
  expect(result.current.saving.problem).toBeNull();
});
