import { Container } from '@mantine/core';
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useConnection } from '@/api/connection';
import { FailureAlert } from '@/ui/states';
import { isCodeLost, reloadForCode } from './page-code';

/** In place of a page that could not be loaded. It opens by itself when the server is back. */
export function PageFailure({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const up = useConnection() === 'up';
  const again = () => {
    reset();
    void router.invalidate();
  };
  const latest = useRef(again);
  latest.current = again;
  const wasUp = useRef(up);
  useEffect(() => {
    if (up && isCodeLost()) reloadForCode();
    else if (up && !wasUp.current) latest.current();
    wasUp.current = up;
  }, [up]);
  const retry = isCodeLost() ? () => window.location.reload() : again;
  return (
    <Container size="sm" py="xl">
      <FailureAlert failure={error} title="This page could not be loaded" retry={up ? retry : undefined} />
    </Container>
  );
}
