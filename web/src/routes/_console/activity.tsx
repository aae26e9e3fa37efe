import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { ActivityPage } from '@/features/activity/ActivityPage';

export const Route = createFileRoute('/_console/activity')({
  validateSearch: z.object({ q: z.string().max(256).optional().catch(undefined), actor: z.string().max(256).optional().catch(undefined), agent: z.string().max(256).optional().catch(undefined), action: z.string().max(256).optional().catch(undefined), delegation_id: z.string().max(256).optional().catch(undefined), outcome: z.enum(['success', 'refused']).optional().catch(undefined), from: z.string().max(256).optional().catch(undefined), to: z.string().max(256).optional().catch(undefined), live: z.boolean().optional().catch(undefined) }),
  component: function ActivityPageRoute() {
    const navigate = Route.useNavigate();
    return <ActivityPage search={Route.useSearch()} setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })} />;
  },
});
