import { useRouter } from '@tanstack/react-router';
import { queryClient } from '@/api/query-client';
import { sessionQuery } from '@/api/session';
import { FormProblem } from '@/ui/FormProblem';
import { SignInForm } from '@/ui/SignInForm';
import { SignInProviders } from '@/ui/SignInProviders';
import { Front } from './Front';
import { sayError } from './sign-in-errors';

interface Props {
  returnTo: string;
  /** Why the last attempt from an identity provider came to nothing. */
  error: string | undefined;
}

export function SignInPage({ returnTo, error }: Props) {
  const router = useRouter();
  return (
    <Front title="Sign in">
      <FormProblem problem={error === undefined ? null : sayError(error)} />
      <SignInForm
        onSignedIn={(session) => {
          queryClient.clear();
          queryClient.setQueryData(sessionQuery.queryKey, session);
          // In the place of this page: Back leads to where one came from.
          router.history.replace(returnTo);
        }}
      />
      <SignInProviders returnTo={returnTo} />
    </Front>
  );
}
