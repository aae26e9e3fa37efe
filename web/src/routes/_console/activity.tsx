import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { ActivityPage } from '@/features/activity/ActivityPage';
import { oneOf, replaces, text } from '@/lib/address';

const id = z.guid().optional().catch(undefined);
const instant = z.iso.datetime({ offset: true }).optional().catch(undefined);

export const Route = createFileRoute('/_console/activity')({
  validateSearch: z.object({
    q: text(),
    actor: text(),
    agent: id,
    action: text(128),
    delegation_id: id,
    outcome: oneOf(['success', 'refused']),
    from: instant,
    to: instant,
    live: z.boolean().optional().catch(undefined),
  }),
  component: function ActivityPageRoute() {
    const navigate = Route.useNavigate();
    const search = Route.useSearch();
    return (
      <ActivityPage
        search={search}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: replaces(search, change) })}
      />
    );
  },
});
