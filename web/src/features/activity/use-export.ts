import { useEffect, useRef, useState } from 'react';
import { client } from '@/api/client';
import type { ListQuery } from '@/api/list';
import { collect, download, type Format } from './export';

export type ExportState = { is: 'idle' } | { is: 'running'; events: number } | { is: 'failed'; failure: unknown };

const pageSize = 200;

/** Downloads what the filters match; one export at a time, and leaving the page cancels it. */
export function useExport(query: ListQuery<'/audit-events'>) {
  const [state, setState] = useState<ExportState>({ is: 'idle' });
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const start = async (format: Format) => {
    if (running.current) return;
    const abort = new AbortController();
    const { signal } = abort;
    running.current = abort;
    setState({ is: 'running', events: 0 });
    try {
      const parts = await collect({
        format,
        signal,
        onProgress: (events) => setState({ is: 'running', events }),
        fetchPage: async (cursor) => {
          const { data, error } = await client.GET('/audit-events', {
            params: { query: { ...query, limit: pageSize, ...(cursor ? { cursor } : {}) } },
            signal,
          });
          if (error) throw error;
          return data;
        },
      });
      download(parts, format, new Date());
      setState({ is: 'idle' });
    } catch (failure) {
      setState(signal.aborted ? { is: 'idle' } : { is: 'failed', failure });
    } finally {
      running.current = null;
    }
  };

  return { state, start, cancel: () => running.current?.abort() };
}
