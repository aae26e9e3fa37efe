import { useSyncExternalStore } from 'react';

/** `away`: no answer at all; `unready`: the server answers, but cannot work now (503). */
export type Connection = 'up' | 'away' | 'unready';

let connection: Connection = 'up';
const listeners = new Set<() => void>();

export function setConnection(next: Connection) {
  if (next === connection) return;
  connection = next;
  for (const listener of listeners) listener();
}

export function onConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const getConnection = (): Connection => connection;

export const useConnection = (): Connection => useSyncExternalStore(onConnection, getConnection);
