import '@mantine/spotlight/styles.css';
import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight, type SpotlightActionGroupData, spotlight } from '@mantine/spotlight';
import { IconRobot, IconSearch, IconShieldShare, IconUser, IconUserShield } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { $api } from '@/api/client';
import { useCan } from '@/api/session';
import { navigation, pagesOf, profile } from './navigation';

export const openPalette = () => spotlight.open();

const size = 18;

/** Ctrl-K: finds pages, agents, delegations, roles and users. */
export function Palette() {
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), 200);
  const can = useCan();
  const navigate = useNavigate();
  const params = { params: { query: { q, limit: 5 } } };
  const search = { enabled: q.length > 0, staleTime: 10_000 };
  const agents = useQuery($api.queryOptions('get', '/agents', params, search));
  const delegations = useQuery($api.queryOptions('get', '/delegations', params, search));
  const roles = useQuery($api.queryOptions('get', '/roles', params, search));
  const users = useQuery($api.queryOptions('get', '/users', params, { ...search, enabled: search.enabled && can('users.read') }));

  const needle = text.trim().toLowerCase();
  const groups: SpotlightActionGroupData[] = [
    {
      group: 'Pages',
      actions: [...navigation.flatMap(pagesOf), profile]
        .filter((p) => (p.needs === undefined || can(p.needs)) && `${p.label} ${p.hint}`.toLowerCase().includes(needle))
        .map((p) => ({
          id: `page ${p.to}`,
          label: p.label,
          description: p.hint,
          leftSection: <p.icon size={size} />,
          onClick: () => void navigate({ to: p.to }),
        })),
    },
  ];
  if (q) {
    groups.push(
      {
        group: 'Agents',
        actions: (agents.data?.items ?? []).map((a) => ({
          id: `agent ${a.client_id}`,
          label: a.name,
          description: a.client_id,
          leftSection: <IconRobot size={size} />,
          onClick: () => void navigate({ to: '/clients/agents/$clientId', params: { clientId: a.client_id } }),
        })),
      },
      {
        group: 'Delegations',
        actions: (delegations.data?.items ?? []).map((d) => ({
          id: `delegation ${d.id}`,
          label: `${d.role} → ${d.agent.name}`,
          description: `by ${d.delegator.name || d.delegator.email}, ${d.status}`,
          leftSection: <IconShieldShare size={size} />,
          onClick: () => void navigate({ to: '/delegations/$id', params: { id: d.id } }),
        })),
      },
      {
        group: 'Roles',
        actions: (roles.data?.items ?? []).map((r) => ({
          id: `role ${r.name}`,
          label: r.name,
          description: r.description,
          leftSection: <IconUserShield size={size} />,
          onClick: () => void navigate({ to: '/access/roles/$name', params: { name: r.name } }),
        })),
      },
      {
        group: 'Users',
        actions: (users.data?.items ?? []).map((u) => ({
          id: `user ${u.id}`,
          label: u.name || u.email,
          description: u.email,
          leftSection: <IconUser size={size} />,
          onClick: () => void navigate({ to: '/access/users/$id', params: { id: u.id } }),
        })),
      },
    );
  }
  const asked = [agents, delegations, roles, users];
  const nothing = asked.some((query) => query.isError)
    ? 'The search failed; try again.'
    : text.trim() !== q || asked.some((query) => query.isFetching)
      ? 'Searching…'
      : 'Nothing found';
  return (
    <Spotlight
      actions={groups.filter((g) => g.actions.length > 0)}
      query={text}
      onQueryChange={setText}
      filter={(_, actions) => actions}
      shortcut={['mod + K']}
      nothingFound={nothing}
      highlightQuery
      scrollable
      maxHeight={420}
      scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: 'Find agents, delegations, roles, users, pages',
        'aria-label': 'Search',
        maxLength: 256,
      }}
    />
  );
}
