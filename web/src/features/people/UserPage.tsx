import { Grid, Stack, Text } from '@mantine/core';
import { Fragment, type ReactNode } from 'react';
import { $api } from '@/api/client';
import { useCan, useSession } from '@/api/session';
import type { Schema } from '@/api/types';
import { ActiveStatus, Level } from '@/ui/badges';
import { CopyValue } from '@/ui/copy';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { FailureAlert, Loading, Section } from '@/ui/states';
import { When } from '@/ui/When';
import { EditUser } from './EditUser';
import { UserActions } from './UserActions';
import { UserDelegations } from './UserDelegations';

/** One person: what they may do, which roles they hold, what they have lent. */
export function UserPage({ id }: { id: string }) {
  const can = useCan();
  const writes = can('users.write');
  const { data: user, error, refetch } = $api.useQuery('get', '/users/{id}', { params: { path: { id } } });
  const above = [
    <LinkTo key="users" to="/access/users">
      Users
    </LinkTo>,
  ];
  if (!user) {
    return (
      <Page title="User" above={above}>
        {error ? (
          <FailureAlert failure={error} retry={() => void refetch()} title="This user could not be loaded" />
        ) : (
          <Loading lines={8} />
        )}
      </Page>
    );
  }
  return (
    <Page
      title={user.name || user.email}
      badge={<ActiveStatus status={user.status} />}
      above={above}
      actions={writes && <UserActions user={user} />}
    >
      <UserFacts user={user} />
      {writes && <EditUser user={user} />}
      <UserDelegations user={user} />
    </Page>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Grid.Col span={{ base: 12, xs: 6, md: 3 }}>
      <Stack gap={2} style={{ overflowWrap: 'anywhere' }}>
        <Text component="div" fz="sm" c="dimmed">
          {label}
        </Text>
        <div>{children}</div>
      </Stack>
    </Grid.Col>
  );
}

function UserFacts({ user }: { user: Schema<'User'> }) {
  const can = useCan();
  const own = useSession().user.id === user.id;
  return (
    <Section title="Identity">
      <CopyValue value={user.email} label="Email" />
      <Grid gap="md">
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
      </Grid>
    </Section>
  );
}
