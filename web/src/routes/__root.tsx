import { createRootRoute, Outlet } from '@tanstack/react-router';
import { ConnectionBanner } from '@/shell/ConnectionBanner';

export const Route = createRootRoute({
  component: () => (
    <>
      <ConnectionBanner />
      <Outlet />
    </>
  ),
});
