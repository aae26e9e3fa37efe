// Ahead of every schema: the root route, which comes before all others, shows this banner.
import './no-eval';

import { Affix, Alert } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { setConnection, useConnection } from '@/api/connection';

async function ready(): Promise<true> {
  const response = await fetch('/readyz', { cache: 'no-store' });
  if (!response.ok) throw new Error(`readyz answered ${response.status}`);
  setConnection('up');
  return true;
}

/** Says that the server is away, asks until it is back, and says that too. */
export function ConnectionBanner() {
  const connection = useConnection();
  const down = connection !== 'up';
  useQuery({ queryKey: ['readyz'], queryFn: ready, enabled: down, refetchInterval: 1500, retry: false, gcTime: 0 });
  const wasDown = useRef(false);
  useEffect(() => {
    if (!down && wasDown.current) notifications.show({ color: 'teal', message: 'AuthSec is back. Nothing you typed was lost.' });
    wasDown.current = down;
  }, [down]);
  if (!down) return null;
  return (
    <Affix
      position={{ top: 12, left: 0, right: 0 }}
      zIndex={1000}
      style={{ pointerEvents: 'none', display: 'flex', justifyContent: 'center' }}
    >
      <Alert color="red" variant="filled" icon={<IconPlugConnectedX />} role="alert" style={{ pointerEvents: 'auto' }} mx="md" py="xs">
        {connection === 'away' ? 'AuthSec cannot be reached.' : 'AuthSec is not ready: something it needs is away.'} Trying again… What you
        typed stays here.
      </Alert>
    </Affix>
  );
}
