import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { SignInPage } from '@/features/auth/SignInPage';
import { text } from '@/lib/address';

/** Only a path of this console: never another origin. */
const ownPath = z
  .string()
  .max(2048)
  .regex(/^\/(?![/\\])/);

export const Route = createFileRoute('/sign-in')({
  validateSearch: z.object({ return: ownPath.optional().catch(undefined), error: text(64) }),
  component: function SignIn() {
    const search = Route.useSearch();
    return <SignInPage returnTo={search.return ?? '/'} error={search.error} />;
  },
});
