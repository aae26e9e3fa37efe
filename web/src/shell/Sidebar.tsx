import { NavLink } from '@mantine/core';
import { useCan } from '@/api/session';
import { NavLinkTo } from '@/ui/links';
import { type NavPage, navigation, pagesOf } from './navigation';

export function Sidebar({ onNavigate }: { onNavigate: () => void }) {
  const can = useCan();
  const allowed = (page: NavPage) => page.needs === undefined || can(page.needs);
  const link = (page: NavPage, nested: boolean) => (
    <NavLinkTo
      key={page.label}
      to={page.to}
      label={page.label}
      leftSection={nested ? undefined : <page.icon size={18} stroke={1.7} aria-hidden />}
      activeOptions={{ exact: page.to === '/', includeSearch: false }}
      activeProps={{ active: true, 'aria-current': 'page' } as object}
      onClick={onNavigate}
    />
  );
  return navigation.map((entry) => {
    const pages = pagesOf(entry).filter(allowed);
    if (pages.length === 0) return null;
    if (!('pages' in entry)) return link(entry, false);
    return (
      <NavLink
        key={entry.label}
        component="button"
        type="button"
        label={entry.label}
        leftSection={<entry.icon size={18} stroke={1.7} aria-hidden />}
        defaultOpened
        childrenOffset={30}
      >
        {pages.map((page) => link(page, true))}
      </NavLink>
    );
  });
}
