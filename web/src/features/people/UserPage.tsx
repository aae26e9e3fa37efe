import { SimpleGrid } from '@mantine/core';
import { Fragment } from 'react';
import { $api } from '@/api/client';
import { useCan, useSession } from '@/api/session';
import type { Schema } from '@/api/types';
import { ActiveStatus, Level } from '@/ui/badges';
import { CopyValue } from '@/ui/copy';
import { Fact } from '@/ui/Fact';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { Section } from '@/ui/states';
import { Absent, isThere, Outdated } from '@/ui/thing';
import { When } from '@/ui/When';
import { EditUser } from './EditUser';
import { UserActions } from './UserActions';
import { UserDelegations } from './UserDelegations';
import { UserIdentities } from './UserIdentities';

/** One person: what they may do, which roles they hold, what they have lent. */
export function UserPage({ id }: { id: string }) {
  const can = useCan();
  const writes = can('users.write');
  const query = $api.useQuery('get', '/users/{id}', { params: { path: { id } } });
  const above = [
    <LinkTo key="users" to="/access/users">
      Users
    </LinkTo>,
  ];
  if (!isThere(query)) {
    return (
      <Page title="User" above={above}>
        <Absent query={query} what="user" />
      </Page>
    );
  }
  const user = query.data;
  return (
    <Page
      title={user.name || user.email}
      badge={<ActiveStatus status={user.status} />}
      above={above}
      actions={writes && <UserActions user={user} />}
    >
      <Outdated query={query} what="user" />
      <UserFacts user={user} />
      {writes && <EditUser user={user} />}
      <UserIdentities user={user} editable={writes} />
      <UserDelegations user={user} />
    </Page>
  );
}

function UserFacts({ user }: { user: Schema<'User'> }) {
  const can = useCan();
  const own = useSession().user.id === user.id;
  return (
    <Section title="Identity">
      <CopyValue value={user.email} label="Email" />
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="md">
        <Fact label="Level">
          <Level level={user.level} />
        </Fact>
        <Fact label="Roles">
          {user.roles.length === 0 && 'None'}
          {user.roles.map((role, i) => (
            <Fragment key={role}>
              {i > 0 && ', '}
              <LinkTo to="/access/roles/$name" params={{ name: role }}>
                {role}
              </LinkTo>
            </Fragment>
          ))}
        </Fact>
        <Fact label="Password">{user.has_password ? 'Chosen' : 'Not chosen yet'}</Fact>
        <Fact label="Last sign-in">
          <When time={user.last_sign_in_at} />
        </Fact>
        {(can('api_tokens.read_all') || own) && (
          <Fact label="API tokens">
            <LinkTo to="/settings/api-tokens" search={own ? {} : { user_id: user.id }}>
              {own ? 'Show yours' : 'Show theirs'}
            </LinkTo>
          </Fact>
        )}
      </SimpleGrid>
    </Section>
  );
}
