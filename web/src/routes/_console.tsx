import { createFileRoute, redirect } from '@tanstack/react-router';
import { setSessionLost } from '@/api/lost-session';
import { statusOf } from '@/api/problem';
import { queryClient } from '@/api/query-client';
import { sessionQuery } from '@/api/session';
import { ConsoleShell } from '@/shell/ConsoleShell';

export const Route = createFileRoute('/_console')({
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(sessionQuery);
    } catch (failure) {
      if (statusOf(failure) !== 401) throw failure;
      setSessionLost(false);
      throw redirect({ to: '/sign-in', search: { return: location.href === '/' ? undefined : location.href } });
    }
  },
  component: ConsoleShell,
});
