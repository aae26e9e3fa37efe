import {
  type Icon,
  IconActivity,
  IconApi,
  IconBolt,
  IconGauge,
  IconHierarchy2,
  IconKey,
  IconLock,
  IconPlugConnected,
  IconRobot,
  IconSettings,
  IconShieldShare,
  IconTemplate,
  IconUserCircle,
  IconUserShield,
  IconUsers,
  IconUsersGroup,
} from '@tabler/icons-react';
import type { LinkProps } from '@tanstack/react-router';
import type { Permission } from '@/api/types';

export interface NavPage {
  label: string;
  to: LinkProps['to'];
  icon: Icon;
  /** Offered only with this permission; the server decides in any case. */
  needs?: Permission;
  /** For the command palette. */
  hint: string;
}

export interface NavGroup {
  label: string;
  icon: Icon;
  pages: NavPage[];
}

/** The sidebar, in the guide's order and words. */
export const navigation: (NavPage | NavGroup)[] = [
  { label: 'Dashboard', to: '/', icon: IconGauge, hint: 'Tokens, risks, first steps' },
  {
    label: 'Clients',
    icon: IconPlugConnected,
    pages: [{ label: 'MCP Servers / AI Agents', to: '/clients', icon: IconRobot, hint: 'Who gets tokens, and who accepts them' }],
  },
  { label: 'Trust Delegation', to: '/delegations', icon: IconShieldShare, hint: 'What people lend to agents' },
  {
    label: 'Delegation templates',
    to: '/delegation-templates',
    icon: IconTemplate,
    needs: 'delegation_templates.read',
    hint: 'By which rules people who are present lend',
  },
  {
    label: 'Access',
    icon: IconLock,
    pages: [
      { label: 'Users', to: '/access/users', icon: IconUsers, needs: 'users.read', hint: 'People and the roles they hold' },
      { label: 'Roles', to: '/access/roles', icon: IconUserShield, hint: 'Named sets of actions' },
      { label: 'Actions', to: '/access/actions', icon: IconBolt, hint: 'Business permissions' },
    ],
  },
  { label: 'Activity', to: '/activity', icon: IconActivity, hint: 'The audit log' },
  {
    label: 'Settings',
    icon: IconSettings,
    pages: [
      {
        label: 'Workload sources',
        to: '/settings/workload-sources',
        icon: IconHierarchy2,
        needs: 'workload_sources.read',
        hint: 'Where proof of a workload comes from',
      },
      {
        label: 'Identity providers',
        to: '/settings/identity-providers',
        icon: IconUsersGroup,
        needs: 'identity_providers.read',
        hint: 'Where people sign in from',
      },
      { label: 'Signing keys', to: '/settings/signing-keys', icon: IconKey, needs: 'keys.read', hint: 'What tokens are signed with' },
      { label: 'API tokens', to: '/settings/api-tokens', icon: IconApi, hint: 'Credentials of automation' },
    ],
  },
];

/** For the command palette alone: it stands in the account's menu. */
export const profile: NavPage = { label: 'Profile', to: '/profile', icon: IconUserCircle, hint: 'Your name and password' };

export const pagesOf = (entry: NavPage | NavGroup): NavPage[] => ('pages' in entry ? entry.pages : [entry]);
