import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { SignInPage } from '@/features/auth/SignInPage';

/** Only a path of this console: never another origin. */
const ownPath = z
  .string()
  .max(2048)
  .regex(/^\/(?![/\\])/);

export const Route = createFileRoute('/sign-in')({
  validateSearch: z.object({ return: ownPath.optional().catch(undefined) }),
  component: function SignIn() {
    return <SignInPage returnTo={Route.useSearch().return ?? '/'} />;
  },
});
