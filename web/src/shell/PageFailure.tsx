import { Container } from '@mantine/core';
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { FailureAlert } from '@/ui/states';

/** In place of a page that could not be loaded. */
export function PageFailure({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <Container size="sm" py="xl">
      <FailureAlert
        failure={error}
        title="This page could not be loaded"
        retry={() => {
          reset();
          void router.invalidate();
        }}
      />
    </Container>
  );
}
