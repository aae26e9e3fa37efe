import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useCan } from '@/api/session';
import { Page } from '@/ui/Page';
import { CreateUser } from './CreateUser';
import { type SetupLink, SetupLinkDialog } from './SetupLinkDialog';
import type { SetUsersSearch, UsersSearch } from './search';
import { UsersList } from './UsersList';

/** People: what they may do here, and the roles that they may lend. */
export function UsersPage({ search, setSearch }: { search: UsersSearch; setSearch: SetUsersSearch }) {
  const can = useCan();
  const [creating, setCreating] = useState(false);
  const [link, setLink] = useState<SetupLink>();
  const create = can('users.write') ? () => setCreating(true) : undefined;
  return (
    <Page
      title="Users"
      description="People who sign in here. They lend the roles they hold to agents."
      actions={
        create && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={create}>
            Create user
          </Button>
        )
      }
    >
      <UsersList search={search} setSearch={setSearch} create={create} />
      {creating && (
        <CreateUser
          onClose={() => setCreating(false)}
          onMade={(user) => {
            setCreating(false);
            if (user.setup_url) setLink({ url: user.setup_url, ends: user.setup_expires_at });
          }}
        />
      )}
      <SetupLinkDialog link={link} onClose={() => setLink(undefined)} />
    </Page>
  );
}
