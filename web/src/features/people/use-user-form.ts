import { useForm } from '@mantine/form';
import { useEffect, useRef, useState } from 'react';
import type { Schema } from '@/api/types';
import { clashes, rebase, type Values, valuesOf } from './changes';

/** The form of a user; what others change meanwhile shows in it, under what was typed. */
export function useUserForm(user: Schema<'User'>) {
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: valuesOf(user),
    validate: { name: (v) => (v.trim() ? null : 'Enter a name.') },
  });
  /** What somebody else has set to something else than what was typed. */
  const [clash, setClash] = useState<('name' | 'level')[]>([]);
  const was = useRef(valuesOf(user));
  const latest = useRef(form);
  latest.current = form;
  useEffect(() => {
    const typed = latest.current.getValues();
    const is = valuesOf(user);
    const both = clashes(was.current, typed, is);
    if (both.length > 0) setClash(both);
    latest.current.setValues(rebase(was.current, typed, is));
    was.current = is;
  }, [user]);
  const follow = (next: Values) => {
    setClash([]);
    was.current = valuesOf(next);
    form.setValues(was.current);
  };
  return { form, clash, follow, typedOver: () => was.current };
}
