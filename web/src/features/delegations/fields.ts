import type { FormErrors } from '@mantine/form';
import type { ReactNode } from 'react';
import { type Duration, secondsOf } from '@/ui/DurationInput';

/** The error of a field that is a list, or of one of its members. */
export function errorUnder(errors: FormErrors, field: string): ReactNode {
  const path = Object.keys(errors).find((p) => p === field || p.startsWith(`${field}.`));
  return path && errors[path];
}

export const checkActions = (actions: readonly string[]) => (actions.length > 0 ? null : 'Choose at least one action.');

export function checkDuration(duration: Duration) {
  const seconds = secondsOf(duration);
  return seconds !== null && seconds > 0 ? null : 'Enter a whole number above zero.';
}
