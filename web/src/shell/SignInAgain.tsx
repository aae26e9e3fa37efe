import { Modal, Stack, Text } from '@mantine/core';
import { setSessionLost, useSessionLost } from '@/api/lost-session';
import { queryClient } from '@/api/query-client';
import { sessionQuery } from '@/api/session';
import type { Session } from '@/api/types';
import { SignInForm } from '@/ui/SignInForm';

/** When the session ends under an open page: signing in again goes on where it was, with what was typed. */
export function SignInAgain({ session }: { session: Session }) {
  const lost = useSessionLost();
  return (
    <Modal
      opened={lost}
      onClose={() => undefined}
      title="Your session has ended"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      zIndex={500}
    >
      <Stack gap="md">
        <Text>Sign in again to go on. What you typed is still there.</Text>
        <SignInForm
          email={session.user.email}
          onSignedIn={(next) => {
            setSessionLost(false);
            if (next.user.id !== session.user.id) {
              // Somebody else: nothing of the page before is theirs.
              window.location.assign('/');
              return;
            }
            queryClient.setQueryData(sessionQuery.queryKey, next);
            void queryClient.invalidateQueries();
          }}
        />
      </Stack>
    </Modal>
  );
}
