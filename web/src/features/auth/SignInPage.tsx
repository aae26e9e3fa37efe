import { useRouter } from '@tanstack/react-router';
import { queryClient } from '@/api/query-client';
import { sessionQuery } from '@/api/session';
import { SignInForm } from '@/ui/SignInForm';
import { Front } from './Front';

export function SignInPage({ returnTo }: { returnTo: string }) {
  const router = useRouter();
  return (
    <Front title="Sign in">
      <SignInForm
        onSignedIn={(session) => {
          queryClient.clear();
          queryClient.setQueryData(sessionQuery.queryKey, session);
          // In the place of this page: Back leads to where one came from.
          router.history.replace(returnTo);
        }}
      />
    </Front>
  );
}
