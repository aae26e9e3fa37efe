import { useEffect, useRef, useState } from 'react';

/**
 * When a dialog closes, or leaves the page, the focus goes back to where it was
 * before it, and before the dialogs that led to it; to the page if that is gone.
 */
export function useFocusBack(opened = true) {
  const outside = useRef(document.activeElement);
  useEffect(() => {
    const note = ({ target }: FocusEvent) => {
      if (target instanceof Element && !target.closest('[role="dialog"]')) outside.current = target;
    };
    document.addEventListener('focusin', note);
    return () => document.removeEventListener('focusin', note);
  }, []);
  useEffect(() => {
    if (!opened) return;
    return () => {
      const opener = outside.current;
      const leave = () => document.getElementById('main')?.focus({ preventScroll: true });
      if (!(opener instanceof HTMLElement && opener.isConnected)) return leave();
      opener.focus({ preventScroll: true });
      // What was done may take it off the page a moment later.
      opener.addEventListener('focusout', () => queueMicrotask(() => opener.isConnected || leave()), { once: true });
    };
  }, [opened]);
}

/**
 * When a row of a list is taken away, with the button that had the focus, the
 * focus goes to the row that comes in its place (`data-row`), or to what adds
 * one (`data-add`).
 */
export function useRowFocus<List extends HTMLElement>() {
  const list = useRef<List>(null);
  const [at, setAt] = useState<{ row: number }>();
  useEffect(() => {
    if (!at) return;
    const next = list.current?.querySelectorAll('[data-row]')[at.row]?.querySelector('input');
    (next ?? list.current?.querySelector<HTMLElement>('[data-add]'))?.focus();
  }, [at]);
  return { list, removed: (row: number) => setAt({ row }) };
}
