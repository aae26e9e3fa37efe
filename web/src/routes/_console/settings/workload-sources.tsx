import { createFileRoute } from '@tanstack/react-router';
import { WorkloadSourcesPage } from '@/features/settings/WorkloadSourcesPage';

export const Route = createFileRoute('/_console/settings/workload-sources')({
  component: WorkloadSourcesPage,
});
