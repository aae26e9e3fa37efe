import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { ActivityPage } from '@/features/activity/ActivityPage';

const text = z.string().max(256).optional().catch(undefined);
const id = z.guid().optional().catch(undefined);
const instant = z.iso.datetime({ offset: true }).optional().catch(undefined);

export const Route = createFileRoute('/_console/activity')({
  validateSearch: z.object({
    q: text,
    actor: text,
    agent: id,
    action: z.string().max(128).optional().catch(undefined),
    delegation_id: id,
    outcome: z.enum(['success', 'refused']).optional().catch(undefined),
    from: instant,
    to: instant,
    live: z.boolean().optional().catch(undefined),
  }),
  component: function ActivityPageRoute() {
    const navigate = Route.useNavigate();
    return (
      <ActivityPage
        search={Route.useSearch()}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
      />
    );
  },
});
