import type { Permission, Schema } from '@/api/types';

type Done = Schema<'OverviewChecklist'>;

export interface Step {
  key: keyof Done;
  title: string;
  hint: string;
  to: '/access/actions' | '/access/roles' | '/access/users' | '/clients' | '/delegations/new';
  /** What the step's link says. */
  link: string;
  needs: Permission;
}

/** What the guide takes for granted, then its steps, by its own names. */
export const steps: readonly Step[] = [
  {
    key: 'action_created',
    title: 'Create an action',
    hint: 'Something that can be allowed, such as billing:read.',
    to: '/access/actions',
    link: 'Actions',
    needs: 'actions.write',
  },
  {
    key: 'role_created',
    title: 'Create a role',
    hint: 'The actions that belong together.',
    to: '/access/roles',
    link: 'Roles',
    needs: 'roles.write',
  },
  {
    key: 'person_invited',
    title: 'Add a second user',
    hint: 'Somebody on whose behalf agents act.',
    to: '/access/users',
    link: 'Users',
    needs: 'users.write',
  },
  {
    key: 'agent_onboarded',
    title: 'Register the AI Agent',
    hint: 'Click Onboard New Client; it gets a Client ID.',
    to: '/clients',
    link: 'MCP Servers / AI Agents',
    needs: 'agents.write',
  },
  {
    key: 'delegation_created',
    title: 'Create a trust delegation',
    hint: 'Declares what the agent may do, and for how long.',
    to: '/delegations/new',
    link: 'Create trust delegation',
    needs: 'delegations.create',
  },
  {
    key: 'token_issued',
    title: 'Install the SDK and run the smoke test',
    hint: 'The agent’s page has its Client ID and lines to copy.',
    to: '/clients',
    link: 'Set-up of an agent',
    needs: 'agents.write',
  },
];

export const doneCount = (done: Done): number => steps.filter((step) => done[step.key]).length;

export const allDone = (done: Done): boolean => doneCount(done) === steps.length;
