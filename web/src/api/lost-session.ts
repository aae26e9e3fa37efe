import { useSyncExternalStore } from 'react';

/**
 * Whether the session ended under an open page. The page stays as it is, with
 * what was typed, and a dialog over it asks to sign in again.
 */
let lost = false;
const listeners = new Set<() => void>();

export function setSessionLost(next: boolean) {
  if (next === lost) return;
  lost = next;
  for (const listener of listeners) listener();
}

export const isSessionLost = (): boolean => lost;

export const useSessionLost = (): boolean =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, isSessionLost);
