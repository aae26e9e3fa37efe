import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { SourcesPage } from '@/features/sources/SourcesPage';
import { replaces, text } from '@/lib/address';

export const Route = createFileRoute('/_console/settings/workload-sources/')({
  validateSearch: z.object({ q: text() }),
  component: function SourcesPageRoute() {
    const navigate = Route.useNavigate();
    const search = Route.useSearch();
    return (
      <SourcesPage
        search={search}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: replaces(search, change) })}
      />
    );
  },
});
