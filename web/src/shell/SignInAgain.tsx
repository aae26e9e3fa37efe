import { Modal, Stack, Text } from '@mantine/core';
import { useCallback, useEffect } from 'react';
import { setSessionLost, useSessionLost } from '@/api/lost-session';
import { queryClient } from '@/api/query-client';
import { askSession, sessionQuery } from '@/api/session';
import type { Session } from '@/api/types';
import { SignInForm } from '@/ui/SignInForm';
import { SignInProviders } from '@/ui/SignInProviders';

/** When the session ends under an open page: signing in again goes on where it was, with what was typed. */
export function SignInAgain({ session }: { session: Session }) {
  const lost = useSessionLost();
  const was = session.user.id;
  const goOn = useCallback(
    (next: Session) => {
      setSessionLost(false);
      if (next.user.id !== was) {
        // Somebody else: nothing of the page before is theirs.
        window.location.assign('/');
        return;
      }
      queryClient.setQueryData(sessionQuery.queryKey, next);
      void queryClient.invalidateQueries();
    },
    [was],
  );
  // Whoever signs in from an identity provider does so in another tab, and comes back to this one.
  useEffect(() => {
    if (!lost) return;
    const look = async () => {
      const next = await askSession();
      if (next) goOn(next);
    };
    const focused = () => void look();
    window.addEventListener('focus', focused);
    return () => window.removeEventListener('focus', focused);
  }, [lost, goOn]);
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
        <SignInForm email={session.user.email} onSignedIn={goOn} />
        {lost && <SignInProviders returnTo="/" apart />}
      </Stack>
    </Modal>
  );
}
