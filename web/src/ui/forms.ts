import type { UseFormReturnType } from '@mantine/form';
import { useCallback, useEffect, useRef, useState } from 'react';
import { type Failure, failureText, fieldErrors } from '@/api/problem';

// biome-ignore lint/suspicious/noExplicitAny: any form
type AnyForm = UseFormReturnType<any, any>;

const at = (values: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((v, part) => (typeof v === 'object' && v !== null ? (v as Record<string, unknown>)[part] : undefined), values);

/**
 * The form's field that a path names, or undefined. A member of a list of plain
 * values (`actions.3`) belongs to the list's own control.
 */
function fieldAt(values: unknown, path: string): string | undefined {
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('.')));
  const list = at(values, parent);
  if (Array.isArray(list) && list.every((member) => typeof member !== 'object')) return parent;
  return at(values, path) === undefined ? undefined : path;
}

/**
 * Moves the focus to the first field that has an error: in the dialog on top if
 * it has one, else on the page, whose form that dialog asked a question about.
 */
function focusInvalid() {
  for (const part of [[...document.querySelectorAll('[role="dialog"]')].at(-1), document]) {
    // A form that is hidden at the moment may have errors too.
    const invalid = [...(part?.querySelectorAll<HTMLElement>('[aria-invalid="true"]') ?? [])].find((field) => field.checkVisibility());
    if (invalid) return invalid.focus();
  }
}

/** For a form's own validation: its errors are on the page by the next frame. */
export function focusFirstError() {
  requestAnimationFrame(focusInvalid);
}

/**
 * Puts the server's messages on their fields; `rest` is what belongs to none,
 * for the form's own alert. `rename` maps a field of the API to one of the form.
 */
function applyFailure(form: AnyForm, failure: Failure, rename: Record<string, string> = {}): { onFields: boolean; rest: string | null } {
  const rest: string[] = [];
  const errors: Record<string, string> = {};
  for (const [path, message] of Object.entries(fieldErrors(failure))) {
    const field = fieldAt(form.getValues(), rename[path] ?? path);
    if (field === undefined) rest.push(message);
    else errors[field] = errors[field] ? `${errors[field]} ${message}` : message;
  }
  form.setErrors(errors);
  const onFields = Object.keys(errors).length > 0;
  if (rest.length > 0) return { onFields, rest: rest.join(' ') };
  return { onFields, rest: onFields ? null : failureText(failure) };
}

export interface Saving {
  saving: boolean;
  /** What belongs to no field; a string, or null. */
  problem: string | null;
  clear: () => void;
}

/**
 * Runs a form's saving once at a time, so that a double click makes one thing.
 * A failure stays in `problem` and on the fields; nothing typed is lost.
 */
export function useSave<Values>(
  save: (values: Values) => Promise<unknown>,
  form?: AnyForm,
  rename?: Record<string, string>,
): Saving & { submit: (values: Values) => Promise<void> } {
  const busy = useRef(false);
  const [saving, setSaving] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [refusals, setRefusals] = useState(0);
  // After the commit that shows the server's errors, which no frame can be relied on to follow.
  useEffect(() => {
    if (refusals > 0) focusInvalid();
  }, [refusals]);
  const latest = useRef({ save, form, rename });
  latest.current = { save, form, rename };
  const submit = useCallback(async (values: Values) => {
    if (busy.current) return;
    busy.current = true;
    setSaving(true);
    setProblem(null);
    try {
      await latest.current.save(values);
    } catch (failure) {
      const { form, rename } = latest.current;
      if (!form) return setProblem(failureText(failure));
      const { onFields, rest } = applyFailure(form, failure as Failure, rename);
      setProblem(rest);
      if (onFields) setRefusals((n) => n + 1);
    } finally {
      busy.current = false;
      setSaving(false);
    }
  }, []);
  return { submit, saving, problem, clear: useCallback(() => setProblem(null), []) };
}
